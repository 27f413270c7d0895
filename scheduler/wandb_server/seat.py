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
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.launcher.files import METRICS, SYSTEM
from scheduler.linux.inotify import IN_ATTRIB, IN_CLOSE_WRITE, IN_CREATE, IN_MODIFY, IN_MOVED_TO, FolderWatch
from scheduler.linux.locks import is_locked
from scheduler.tracking.appending import JsonLines
from scheduler.wandb_server.ends import Seen, end_of
from scheduler.wandb_server.folders import FILES, Folder, Posts, RunId, server_file
from scheduler.wandb_server.posts import News, Told
from scheduler.wandb_server.translate import Medium, media_in, media_row, metric_row, system_row, table_row

LOOK = 5.0  # seconds between two looks at the clock
UPLOADS = 3.0  # seconds after its end in which files still come
LARGEST_TABLE = 8 << 20  # bytes
SHARED = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")


class Seat:
    """`directory`: that of the attempt, where its logs go."""

    def __init__(self, folder: Folder, home: Path, directory: Path) -> None:
        self._folder, self._home, self._directory = folder, home, directory
        self._posts, self._told = Posts(folder.posts), Told()
        self._metrics, self._system = JsonLines(directory / METRICS), JsonLines(directory / SYSTEM)
        self._media = JsonLines(directory / "media.jsonl")
        self._awaited: list[Medium] = []  # their files are not there yet
        self._files: set[str] = set()
        self._without_server = 0.0  # seconds since it was last heard of in which there was no server
        self._heard = self._looked = time.monotonic()
        self._stamp, self._gone_since = 0, math.inf
        self._is_gone = self._is_stopped = False
        self._last: dict[str, Any] = {}  # the last value of every metric

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
                select.select([watch, ears], [], [], LOOK if watch.precise and not self._is_gone else LOOK / 10)
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

    def _stop(self) -> None:
        self._is_stopped = True
        with contextlib.suppress(OSError):
            self._folder.stop.touch(mode=0o600)

    def _read(self) -> None:
        for post in self._posts.read():
            self._write(self._told.take(post))
        self._keep_media()

    def _write(self, news: News) -> None:
        for row in news.rows:
            if found := metric_row(row):
                self._metrics.append(found)
                self._last.update(found)
            self._awaited += media_in(row)
        for event in news.events:
            if measured := system_row(event):
                self._system.append(measured)
        for line in news.output:
            print(line)
        if news.output:
            sys.stdout.flush()

    def _keep_media(self, *, anyhow: bool = False) -> None:
        """Write down what has its file; `anyhow`: nothing comes any more."""
        left = []
        for each in self._awaited:
            more = self._file_of(each)
            if more is not None:
                self._media.append(media_row(each, more))
            elif not anyhow:
                left.append(each)
        self._awaited = left

    def _file_of(self, medium: Medium) -> Mapping[str, Any] | None:
        if not medium.file:
            return {}
        path = self._folder.file(medium.file)
        if path is None or not path.is_file():
            return None
        if medium.kind == "table":
            return table_row(path.read_bytes()) if path.stat().st_size <= LARGEST_TABLE else {"columns": [], "rows": []}
        return {"file": self._linked(path, medium.file)}

    def _linked(self, path: Path, name: str) -> str:
        """The same file in the attempt's own directory, so that it stays when the run's folder goes."""
        own = f"{FILES}/{name}"
        target = self._directory / own
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            target.hardlink_to(path)
        return own

    def _keep_files(self) -> None:
        """What was saved beside media, as files of the run."""
        root = self._folder.path / FILES
        for path in sorted(each for each in root.rglob("*") if each.is_file()):
            name = str(path.relative_to(root))
            if not name.startswith("media/") and not path.name.startswith("."):
                self._media.append({"name": name, "kind": "file", "file": self._linked(path, name)})

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
        deadline = time.monotonic() + UPLOADS
        while self._awaited and time.monotonic() < deadline:
            time.sleep(0.1)
            self._keep_media()
        self._keep_media(anyhow=True)
        self._keep_files()
        if words := _last_words(self._told.summary, self._last):
            self._metrics.append(words)
        return status


def _last_words(summary: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    """What the summary says beyond the last rows. A value that was logged is no further row, for rows are counted, and
    `{"min": 0.25}` of a metric that was defined so is no value.

    >>> _last_words({"loss": 0.5, "best": 0.25, "_step": 3, "acc": {"max": 1}}, {"loss": 0.5})
    {'best': 0.25}
    """
    new = {name: value for name, value in summary.items() if name not in last and not name.startswith("_")}
    return {name: value for name, value in new.items() if isinstance(value, (int, float, str))}


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
