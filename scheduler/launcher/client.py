"""The runner's side of launchers: start one, give it jobs, hear it, find those of earlier runners."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.channel import Channel
from scheduler.launcher.places import journal_path, remove, socket_path
from scheduler.launcher.spawning import Order
from scheduler.linux import isolated


class Process(Protocol):
    """A launcher's process, as `subprocess.Popen` has it; it need not be a child of ours."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, number: int, /) -> None: ...


# (the launcher's name, its socket, listening socket and journal, descriptors that it and its jobs hold) -> its process; OSError
Launch = Callable[[str, Sequence[int], Sequence[int]], Process]


@dataclass
class Slot:
    """A launcher that this runner started. It runs the first of its attempts; the others wait in it."""

    id: str
    channel: Channel
    process: Process
    attempts: list[str] = field(default_factory=list)
    reserved: int = 0  # attempts that are being begun for it
    number: int = 0  # what tells its jobs from those of the other launchers of its runner
    port: int | None = None  # of its jobs that do not ask for any; the lock is the launcher's
    busy: str = ""  # the attempt that has turned out to be no short one
    behind: int = 0  # so many may wait behind that
    patient_until: float = 0.0  # and as long, on the monotonic clock
    warm: str = ""  # which orders it can fork from what it has loaded

    @property
    def load(self) -> int:
        return len(self.attempts) + self.reserved

    def fileno(self) -> int:
        return self.channel.fileno()

    def start(self, order: Order, descriptors: list[int], *, more: bool = False) -> bool:
        """Hand an attempt over, with the descriptors of its claim; False when the launcher is gone. `more`: as for a channel."""
        self.reserved -= 1
        self.attempts.append(order.attempt)
        return self.channel.send({"do": "start", "order": vars(order)}, descriptors, more=more)

    def release(self) -> None:
        """The attempt that it was chosen for did not begin."""
        self.reserved -= 1

    def over(self, attempt: str) -> None:
        """Note that an attempt is no longer here."""
        if attempt in self.attempts:
            self.attempts.remove(attempt)
        if attempt == self.busy:
            self.busy = ""

    def keep_behind(self, most: int) -> None:
        """From now on at most so many wait behind what runs; the others are taken back."""
        self.behind = most
        self.revoke_ahead(most)

    def revoke_ahead(self, keep: int = 0) -> None:
        """Take back what has not started, but for the first of them; the launcher reports each that it dropped."""
        for attempt in self.attempts[1 + keep :]:
            self.channel.send({"do": "revoke", "attempt": attempt})

    def stop(self, attempt: str, state: str, grace: float | None = None) -> None:
        """Stop an attempt; it will end in `state`. `grace`: instead of its order's."""
        self.channel.send(stop_message(attempt, state, grace))

    def close(self) -> None:
        """Let the launcher go: it finishes what it has, then ends by itself."""
        self.channel.close()


def stop_message(attempt: str, state: str, grace: float | None = None) -> dict[str, Any]:
    """What a launcher is sent to stop an attempt."""
    return {"do": "stop", "attempt": attempt, "state": state, "grace": grace}


def pause_message(attempt: str, *, go_on: bool) -> dict[str, Any]:
    """What a launcher is sent to pause an attempt, or to let it go on."""
    return {"do": "continue" if go_on else "pause", "attempt": attempt}


def open_slot(home: Home, held: Sequence[int] = (), launch: Launch | None = None) -> Slot:
    """Start a launcher, from nothing or as `launch` does it. It does not share our standard output: `exp-queue run | tee` must
    end when the runner does. `held`: descriptors that it and its jobs keep open as long as they live.

    OSError where the machine has no room for it; then nothing of it stays.
    """
    launcher = os.urandom(8).hex()
    with ExitStack() as ours_too:
        ours, theirs = socket.socketpair()
        with ExitStack() as undone:
            undone.callback(ours.close)
            undone.callback(remove, home, launcher)
            ours_too.callback(theirs.close)
            listener = ours_too.enter_context(_listen(socket_path(home, launcher)))
            log = journal.create(journal_path(home, launcher))
            ours_too.callback(os.close, log)
            process = (launch or _start)(launcher, [theirs.fileno(), listener.fileno(), log], held)
            undone.pop_all()
        return Slot(launcher, Channel(ours), process)


def _start(_: str, inherited: Sequence[int], held: Sequence[int]) -> subprocess.Popen:
    return subprocess.Popen(
        isolated.command("scheduler.launcher.loop", "main(*map(int, sys.argv[1:]))", [*map(str, inherited)], packages=False),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=inherited[-1],  # a defect's traceback lands in the journal, whose readers pass over such lines
        pass_fds=[*inherited, *held],
        start_new_session=True,
        cwd="/",
    )


def connect(home: Home, launcher: str) -> Channel | None:
    """A line to a launcher that another runner started; None when it is gone."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short_path(socket_path(home, launcher)) as path:
            connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except OSError:
        connection.close()
        raise
    return Channel(connection)


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short_path(path) as name:
            listener.bind(name)
        path.chmod(0o600)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


class _short_path:  # noqa: N801 (used like a function)
    """A name of `path` that fits into the 108 bytes of a Unix socket address, however deep the directory lies."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> str:
        self._directory = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._directory}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        os.close(self._directory)
