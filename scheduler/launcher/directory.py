"""An attempt's private directory: made anew, and locked for as long as a process of the attempt lives (see `files`)."""

from __future__ import annotations

import contextlib
import fcntl
import os

from scheduler.attempt_files import LOG


class AlreadyThere(Exception):
    """Somebody else has made it: it is never written to."""


def make(path: str, *, locked: bool = True) -> tuple[int, int]:
    """Make the directory; returns the descriptor that holds its lock, and that of a new, append-only log in it. AlreadyThere;
    OSError where it cannot be had: then it is not there. `locked`: False where it lies on a folder that machines share."""
    # A Path took longer to build than a file to make.
    _have(os.path.dirname(path))  # noqa: PTH120
    try:
        os.mkdir(path, 0o700)  # noqa: PTH102
    except FileExistsError:
        raise AlreadyThere from None
    try:
        return _opened(path, locked=locked)
    except OSError:
        with contextlib.suppress(OSError):
            os.rmdir(path)  # noqa: PTH106 (its number would be passed over)
        raise


def _have(parent: str) -> None:
    """The job's directory, which is new with its first attempt; what it lies in nearly always is there."""
    try:
        os.mkdir(parent, 0o700)  # noqa: PTH102
    except FileExistsError:
        return
    except FileNotFoundError:
        os.makedirs(parent, 0o700, exist_ok=True)  # noqa: PTH103


def _opened(path: str, *, locked: bool) -> tuple[int, int]:
    lock = os.open(path, os.O_RDONLY)
    try:
        if locked:
            fcntl.flock(lock, fcntl.LOCK_EX)
        return lock, os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=lock)
    except OSError:
        os.close(lock)
        raise


def take_back(path: str) -> None:
    """Remove the directory with its log, if there is nothing else in it: its number is free again."""
    with contextlib.suppress(OSError):
        os.unlink(f"{path}/{LOG}")  # noqa: PTH108
        os.rmdir(path)  # noqa: PTH106
