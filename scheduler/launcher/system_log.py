"""The system log of an attempt: what it used of the machine, as rows like those of a metric log, beside it.

Two write it, each in single appends: the attempt's launcher what its processes use (`cpu.use`, `memory.used` ...), as long as
they live; the runner that watches it what its GPUs do (`gpu.0.use` ...). A launcher imports this, so it imports little.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from scheduler.attempt_files import SYSTEM
from scheduler.linux.tree_use import TreeUse, Use, network, reaped

EVERY = 5.0  # seconds between rows, unless somebody has set that
STEP = 1 << 18  # bytes: with each so many in the file the rows come half as often
MIB = 1024 * 1024


def pace(every: float, size: int) -> float:
    """Seconds to the next row of a file of `size` bytes. A week of rows each 5 s, of 300 bytes, becomes less than 2 MB.

    >>> [pace(5.0, size) for size in (0, STEP - 1, STEP, 3 * STEP)]
    [5.0, 5.0, 10.0, 40.0]
    """
    return every * 2.0 ** (size // STEP)


class Look(NamedTuple):
    """One look at a tree: when (monotonic seconds), what it has used by then, and what went over the machine's network."""

    at: float
    use: Use
    network: tuple[int, int] | None = None  # None: nobody has looked


def row(before: Look, now: Look) -> dict[str, float]:
    """What was used between two looks, and is held at the second: cores, MiB, bytes per second. A counter that has fallen, since
    somebody has ended whom nobody reaped, tells nothing of that time and counts as no use."""
    seconds = max(now.at - before.at, 1e-3)
    use, then = now.use, before.use
    found = {
        "cpu.use": round(max(0.0, use.cpu - then.cpu) / seconds, 3),
        "memory.rss": round(use.rss / MIB, 1),
        "processes": use.processes,
        "threads": use.threads,
        "disk.read": round(max(0, use.read - then.read) / seconds),
        "disk.written": round(max(0, use.written - then.written) / seconds),
    }
    if use.pss is not None:
        found["memory.used"] = round(use.pss / MIB, 1)
    if before.network and now.network:
        came, went = (max(0, after - earlier) / seconds for after, earlier in zip(now.network, before.network, strict=True))
        found |= {"machine.network.received": round(came), "machine.network.sent": round(went)}
    return found


def line(values: Mapping[str, Any], at: float) -> bytes:
    """A row as it stands in the file; `at` in seconds since 1970."""
    return json.dumps({"_time": round(at, 3), **values}, separators=(",", ":")).encode() + b"\n"


class Sampling:
    """The launcher's rows about one attempt. `due`: when `look` has something to do next, on the monotonic clock; a job that is
    over before costs nothing."""

    def __init__(self, directory: str, every: float, now: float) -> None:
        """`every`: seconds between rows; 0: none are written, ever."""
        self._path, self._every = f"{directory}/{SYSTEM}", every
        self.due = now + every if every else math.inf
        self._tree = TreeUse()
        self._last = Look(now, Use(cpu=reaped()))

    def look(self, now: float, *, resting: bool = False) -> None:
        """Append a row; no row while the tree is `resting`, for its pause is no idleness, nor where there is no room for one."""
        size = 0
        with contextlib.suppress(OSError):
            found, before = Look(now, self._tree.look(), network()), self._last
            self._last = found
            size = 0 if resting else append(self._path, line(row(before, found), time.time()))
        self.due = now + pace(self._every, size)

    def end(self) -> None:
        """Nothing of the attempt is left: no row comes any more."""
        self.due = math.inf


def append(path: str, data: bytes) -> int:
    """Append a row in one write to the file, which only its user may read; returns the file's size then. OSError where there is
    no room, or no such folder."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, data)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
