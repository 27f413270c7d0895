"""The seat of a run that a process elsewhere computes: a job like any other here, which ends as that run ends.

It reads what the server has written down of the run, prints what the run prints, keeps what it logs in its own metric log, and
holds the claim that was made for it. It lives as long as the run, whether the server lives or not; asked to stop, it asks the
server to stop the run.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from scheduler.linux.inotify import IN_ATTRIB, IN_CLOSE_WRITE, IN_CREATE, IN_MODIFY, IN_MOVED_TO, FolderWatch
from scheduler.linux.locks import is_locked
from scheduler.linux.readable import readable
from scheduler.tracking.local_wandb import server_file
from scheduler.wandb_server.ends import Seen, end_of
from scheduler.wandb_server.folders import Folder, Posts, RunId
from scheduler.wandb_server.posts import Told
from scheduler.wandb_server.writing import Written

LOOK = 5.0  # seconds between two looks at the clock
UPLOADS = 3.0  # seconds after its end in which files still come
SHARED = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")


class Seat:
    """`directory`: that of the attempt, where its logs go."""

    def __init__(self, folder: Folder, home: Path, directory: Path) -> None:
        self._folder, self._home, self._directory = folder, home, directory
        self._posts, self._told = Posts(folder.posts), Told()
        self._written = Written(folder, directory, print)
        self._without_server = 0.0  # seconds since it was last heard of in which there was no server
        self._heard = self._looked = time.monotonic()
        self._stamp, self._gone_since = 0, math.inf
        self._is_gone = self._is_stopped = False

    def sit(self) -> int:
        """Until the run is over; returns its exit status."""
        self._folder.make()
        self._let_in()
        events = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO
        with FolderWatch(events, self._folder.path) as watch, _signals(self._stop) as ears:
            while True:
                self._read()
                if (status := self._verdict()) is not None:
                    return self._leave(status)
                readable([watch, ears], LOOK if watch.precise and not self._is_gone else LOOK / 10)
                watch.drain()
                with contextlib.suppress(BlockingIOError):
                    ears.recv(64)

    def _let_in(self) -> None:
        """What the process that computes needs of us: the GPUs that we have claimed. Locked as long as we are here."""
        found = {name: value for name, value in os.environ.items() if name in SHARED}
        draft = self._folder.path / f"seat.{os.getpid()}"
        self._seat = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._seat, fcntl.LOCK_EX)
        os.write(self._seat, json.dumps(found).encode())
        draft.replace(self._folder.seat)
        self._folder.left.unlink(missing_ok=True)

    def _stop(self) -> None:
        self._is_stopped = True
        with contextlib.suppress(OSError):
            self._folder.stop.touch(mode=0o600)

    def _read(self) -> None:
        for post in self._posts.read():
            self._written.take(self._told.take(post))
        sys.stdout.flush()
        self._written.keep_media()

    def _verdict(self) -> int | None:
        """The exit status of the run, once it is over."""
        end = end_of(self._told, self._seen(time.monotonic()))
        if end and end.why:
            print(end.why)
        return end.status if end else None

    def _seen(self, now: float) -> Seen:
        """`now` by a clock that stands still with the machine."""
        with contextlib.suppress(OSError):
            stamp = self._folder.posts.stat().st_mtime_ns
            if stamp != self._stamp:
                self._stamp, self._heard, self._without_server = stamp, now, 0.0
        if not is_locked(server_file(self._home)):
            self._without_server += now - self._looked
        self._looked = now
        self._is_gone = bool(self._told.gone) or self._folder.has_left()
        self._gone_since = min(self._gone_since, now) if self._is_gone else math.inf
        return Seen(now - self._heard, self._without_server, now - self._gone_since, self._is_stopped)

    def _leave(self, status: int) -> int:
        if self._told.is_over:
            with contextlib.suppress(OSError):
                self._folder.left.touch(mode=0o600)
        deadline = time.monotonic() + UPLOADS
        while self._written.awaits and time.monotonic() < deadline:
            time.sleep(0.1)
            self._written.keep_media()
        self._written.close(self._told.summary)
        return status


@contextlib.contextmanager
def _signals(stop: Any) -> Any:
    """A socket that is readable when one of the signals of a stop has come."""
    ears, mouth = socket.socketpair()
    for end in (ears, mouth):
        end.setblocking(False)
    old = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())
    try:
        yield ears
    finally:
        signal.set_wakeup_fd(old)
        ears.close()
        mouth.close()


def main(arguments: list[str]) -> int:
    """`arguments`: the state directory, entity and project; the run is told by the first that is set of a fourth and
    $WANDB_RUN_ID."""
    home, entity, project, *run = arguments
    folder = Folder(Path(home), RunId(entity, project, (run or [os.environ["WANDB_RUN_ID"]])[0]))
    return Seat(folder, Path(home), Path(os.environ["EXP_QUEUE_RUN_DIR"])).sit()
