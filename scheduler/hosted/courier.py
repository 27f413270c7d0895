"""A thread that sends what attempts write: while they run what they append to their files, at their end everything, and then how
they have ended. So whoever hears of an end has all that belongs to it."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from scheduler.attempt_files import LOG, METRICS, SYSTEM
from scheduler.linux.blocks import next_data

TICK = 0.25  # seconds between two looks at the files of what runs
CHUNK = 1 << 20
OURS = (LOG, METRICS, SYSTEM, "media.jsonl", "predictions.jsonl")  # these only grow; so do what W&B and TensorBoard write
LIKELY = (".jsonl", ".csv", ".txt")  # of these it is believed while they grow; at the end they are sent whole

Send = Callable[[dict[str, Any], bytes], None]


@dataclass
class Parcel:
    """The files of one order. `sent`: up to where, of those that are appended to."""

    order: str
    directory: Path
    sent: dict[str, int] = field(default_factory=dict)


class Courier:
    """Its methods are of any thread."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._parcels: dict[str, Parcel] = {}
        self._over = False
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def follow(self, order: str, directory: str, have: dict[str, int]) -> None:
        """Send what is appended to the files there; `have`: the sizes of what has been sent over an earlier line."""
        self._inbox.put(partial(self._follow, Parcel(order, Path(directory), dict(have))))

    def end(self, order: str, end: dict[str, Any]) -> None:
        """Send what is left of its files, and then that it has ended."""
        self._inbox.put(partial(self._end, order, end))

    def forget(self, order: str) -> None:
        self._inbox.put(partial(self._drop, order))

    def close(self) -> None:
        self._inbox.put(self._leave)

    def _run(self) -> None:
        while not self._over:
            with suppress(queue.Empty):
                self._inbox.get(timeout=TICK if self._parcels else None)()
                while not self._over:
                    self._inbox.get_nowait()()
            for parcel in list(self._parcels.values()):
                self._bring(parcel, everything=False)

    def _follow(self, parcel: Parcel) -> None:
        self._parcels.setdefault(parcel.order, parcel)

    def _drop(self, order: str) -> None:
        self._parcels.pop(order, None)

    def _leave(self) -> None:
        self._over = True

    def _end(self, order: str, end: dict[str, Any]) -> None:
        if parcel := self._parcels.pop(order, None):
            self._bring(parcel, everything=True)
        self._send({"is": "ended", "order": order, "end": end}, b"")

    def _bring(self, parcel: Parcel, *, everything: bool) -> None:
        for path in files_of(parcel.directory):
            with suppress(OSError):  # it is gone again, or closed to us: then it is none that could be had
                if only_grows(path) or (likely_grows(path) and not everything):
                    self._append(parcel, path, to_the_end=everything)
                elif everything:
                    self._whole(parcel, path)

    def _append(self, parcel: Parcel, path: str, *, to_the_end: bool) -> None:
        """What is new; holes are passed over. One that is shorter than what was sent has been written anew."""
        with (parcel.directory / path).open("rb", buffering=0) as file:
            size, at = os.fstat(file.fileno()).st_size, parcel.sent.get(path, 0)
            if size < at:
                at = 0
                self._tell(parcel, "size", path, size=0)
            last = at
            while at < size and (start := next_data(file.fileno(), at, size)) < size:
                data = os.pread(file.fileno(), min(CHUNK, size - start), start)
                if not data:
                    break
                self._tell(parcel, "file", path, data, at=start)
                at = last = start + len(data)
            if size > last and to_the_end:
                self._tell(parcel, "size", path, size=size)
            parcel.sent[path] = at

    def _whole(self, parcel: Parcel, path: str) -> None:
        with (parcel.directory / path).open("rb") as file:
            at, data = 0, file.read(CHUNK)
            while True:
                more = file.read(CHUNK)
                self._tell(parcel, "file", path, data, at=at, whole=True, last=not more)
                if not more:
                    return
                at, data = at + len(data), more

    def _tell(self, parcel: Parcel, what: str, path: str, data: bytes = b"", **more: Any) -> None:
        self._send({"is": what, "order": parcel.order, "path": path, **more}, data)


def only_grows(path: str) -> bool:
    """Whether a file, by its path below its attempt's directory, is never written anew."""
    return path in OURS or path.endswith(".wandb") or "tfevents" in path.rpartition("/")[2]


def likely_grows(path: str) -> bool:
    return path.endswith(LIKELY)


def files_of(directory: Path) -> Iterator[str]:
    """The regular files below it, by their paths there."""
    for folder, _, names in os.walk(directory):
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(directory))
