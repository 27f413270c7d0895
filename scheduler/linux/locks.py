"""The flock(2) of a file: whether it is held, and by whom (/proc/locks, proc(5), where the device and inode name the file)."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LOOKS, MOMENT = 10, 0.02  # so often, with so many seconds between, a lock is tried that may be held by a look alone


def locking_pids(kind: str = "FLOCK") -> dict[str, int]:
    """By `file_name`: the process that took the lock, which may have handed it on and ended. Empty where the kernel tells
    nothing; locks that were taken in another container are not listed. `kind`: FLOCK for flock(2), POSIX for the exclusive
    ones of fcntl(2)."""
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return {}
    entries = [line.split() for line in lines]
    wanted = (words for words in entries if len(words) > 5 and words[1] == kind and (kind == "FLOCK" or words[3] == "WRITE"))
    return {words[5]: int(words[4]) for words in wanted}


def file_name(status: os.stat_result) -> str:
    """How /proc/locks names the file."""
    return f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"


def same_file(descriptor: int, path: Path) -> bool:
    """Whether the open file still has that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def lock(descriptor: int, rest: Callable[[float], object] = time.sleep) -> bool:
    """Take the lock of an open file for its owner alone; False where somebody has it. Whoever only looks has it for a moment."""
    for _ in range(LOOKS):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        rest(MOMENT)
    return False


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of the file at `path`. A missing file is not locked.

    A shared probe: two probes at once must not take each other for the holder.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
