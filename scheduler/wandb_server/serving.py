"""A W&B server, opened: its port, its key, and the runner of the seats."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.actions.brake import Brake
from scheduler.actions.drive import run_out
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.linux.locks import lock
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Ended, Notice
from scheduler.runner.runner import Runner
from scheduler.tracking.local_wandb import Address, kept, server_file
from scheduler.values import dataclass
from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.folders import RunId, root_of
from scheduler.wandb_server.jobs import run_of, stand_for
from scheduler.wandb_server.runs import Runs
from scheduler.wandb_server.seated import Bell, Seated
from scheduler.wandb_server.server import Server
from scheduler.wandb_server.sweeps import Sweeps

LOWEST, HIGHEST = 10_000, 19_999  # ports: below those that jobs are given, and those of outgoing connections
TRIES = 20  # ports from the first on
SEATS = 64  # runs at once; further ones wait, and nothing of them is lost


@dataclass(frozen=True)
class Served:
    server: Server
    address: Address

    def serve(self) -> None:
        """Until a Ctrl-C, or `stop` of another thread."""
        self.server.serve_forever(poll_interval=3600.0)


@contextmanager
def served(home: Home, port: int | None, say: Callable[[str], None]) -> Iterator[Served]:
    """The server of this queue. UserError where there is one already, or it cannot listen."""
    root_of(home.root).mkdir(mode=0o700, exist_ok=True)
    path = server_file(home.root)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    bell = Bell()
    try:
        before = _claimed(handle, path)
        last = int(before.url.rpartition(":")[2]) if before else _first_port(home)
        runs = Runs(home.root)
        sweeps = Sweeps(home, runs, say)
        desk = Desk(home, before.key if before else secrets.token_hex(20), "", runs, sweeps, bell.ring, say)
        server = _listening(desk, [port] if port else [*range(last, min(last + TRIES, 1 << 16)), 0])
        desk.url = f"http://127.0.0.1:{server.server_port}"
        _keep(handle, {"url": desk.url, "key": desk.key, "pid": os.getpid()})
        with _seats(home, runs, bell, say):
            try:
                sweeps.go_on()
                yield Served(server, Address(desk.url, desk.key, os.getpid()))
            finally:
                server.server_close()
                sweeps.close()
    finally:
        os.close(handle)
        bell.close()


def _first_port(home: Home) -> int:
    """Far from that of most other queues: while a server that was killed is away, another one must not take its place, whom the
    clients of its runs would ask in vain."""
    digest = hashlib.sha256(os.fsencode(home.root)).digest()
    return LOWEST + int.from_bytes(digest[:4], "big") % (HIGHEST - LOWEST - TRIES)


def _claimed(handle: int, path: Path) -> Address | None:
    if not lock(handle):
        there = kept(path)
        where = f" at {there.url}" if there else ""
        next_step = "`eval $(exp-queue serve --env)` lets W&B's client find it"
        raise UserError(f"a server of this queue is there already{where}", next_step=next_step)
    return kept(path)


def _keep(handle: int, found: dict[str, object]) -> None:
    """In one write: at no moment is the file empty, and the key lost with whoever is killed then."""
    os.pwrite(handle, json.dumps(found).encode().ljust(os.fstat(handle).st_size), 0)


def _listening(desk: Desk, ports: list[int]) -> Server:
    for port in ports:
        try:
            return Server(desk, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise UserError(f"cannot listen at port {port}: {error.strerror}", next_step="take another --port") from None
    raise UserError(f"port {ports[0]} is taken", next_step="without --port the next free one is found")


def _unseated(home: Home, runs: Runs, run: RunId, say: Callable[[str], None]) -> None:
    """A seat has ended. If that was before its run, the run is to stop; if the run was resumed while its seat was leaving, it
    gets another one."""
    told, left = runs.told(run), runs.folder(run).left
    if not left.exists():
        runs.unless_over(run)
    elif told and not told.is_over:
        left.unlink(missing_ok=True)  # a seat that cannot even begin is not followed by ever more
        with Store(home, say) as store:
            stand_for(store, run, told, anew=True)


@contextmanager
def _seats(home: Home, runs: Runs, bell: Bell, say: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile a runner of its own gives every run its seat. What sits stays when it leaves."""
    brake = Brake()

    def hear(notice: Notice) -> None:
        if isinstance(notice, Ended) and (run := run_of(notice.job)):
            _unseated(home, runs, run, say)

    def drive() -> None:
        with Store(home, say) as store:
            mine = Mine(store, [])
            run_out(Runner(mine, Devices("seats compute nothing"), SEATS, hear, Seated(mine, bell)), list, brake)

    thread = threading.Thread(target=drive, name="seats", daemon=True)
    thread.start()
    try:
        yield
    finally:
        brake.leave()
        thread.join()
