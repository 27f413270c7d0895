"""When the machine has no more of what every start needs: processes, descriptors, memory, room on the disk.

It says nothing about the job that was to start: its attempt is not spent, and whoever wanted it waits.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

TABLES = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds

_WORDS = {
    errno.EAGAIN: "no more processes can be started (see `ulimit -u` and the pids limit of the cgroup)",
    errno.EMFILE: "this process may open no more files (see `ulimit -n`)",
    errno.ENFILE: "the machine's table of open files is full (see /proc/sys/fs/file-max)",
    errno.ENOMEM: "the machine has no memory left",
}


def is_short(error: OSError) -> bool:
    """Whether a later try may succeed without any change to what was tried."""
    return error.errno in TABLES or error.errno in NO_ROOM


def words(error: OSError) -> str:
    """What there is too little of, and where to look."""
    return _WORDS.get(error.errno or 0) or error.strerror or str(error)


class Shortage(Exception):
    """What was wanted cannot be had for now; the text says of what there is too little. A later try may succeed."""


class NotThis(Shortage):
    """The same for one job alone: another may have a place."""


class Startable(Protocol):
    def start(self) -> None: ...


def start(thread: Startable) -> None:
    """Start a thread that was never started. Shortage where the machine has no room for it: Python tells no more than that it
    could not."""
    try:
        thread.start()
    except RuntimeError as error:
        raise Shortage(_WORDS[errno.EAGAIN]) from error


@contextmanager
def passing() -> Iterator[None]:
    """What could not be done for want of such things is left undone: the caller will try it again."""
    try:
        yield
    except OSError as error:
        if not is_short(error):
            raise


class Pause:
    """How long to start nothing: 1, 2, 4 ... 30 s after each shortage in a row. Then one job tries, not all. Pure; times are
    monotonic."""

    _until, _next, _doubtful = float("-inf"), FIRST_PAUSE, False

    def met(self, now: float) -> None:
        """Something could not be started. Several at the same time count as one."""
        if now < self._until:
            return
        self._until, self._doubtful = now + self._next, True
        self._next = min(2 * self._next, LONGEST_PAUSE)

    def over(self) -> None:
        """Something has started, or ended, as it should."""
        self._until, self._next, self._doubtful = float("-inf"), FIRST_PAUSE, False

    def left(self, now: float) -> float:
        """Seconds until the next try; 0 where there is nothing to wait for."""
        return max(0.0, self._until - now)

    def most(self, slots: int, active: int, now: float) -> int:
        """How many may be active, of `slots`."""
        if self.left(now):
            return min(slots, active)
        return min(slots, active + 1) if self._doubtful else slots
