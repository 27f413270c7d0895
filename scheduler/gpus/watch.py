"""Wake up when a claim ends: inotify(7) on the claims' folder, without threads and without polling.

The kernel reports IN_CLOSE_WRITE when the last inherited copy of a claim's descriptor is closed, also by a kill -9.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

# <sys/inotify.h>
IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x2, 0x4, 0x8, 0x80, 0x100


class FolderWatch:
    """A descriptor for `selectors` that is readable when one of `events` has happened to a file in a folder.

    `precise` is False where the kernel gives no watch (its limit per user is reached): then the descriptor is never
    readable. Callers look again after a second in any case, since a foreign process leaves without a word.
    """

    def __init__(self, directory: Path, events: int) -> None:
        self._fds = _watched(directory, events)
        self.precise = bool(self._fds)
        if not self._fds:
            self._fds = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._fds[0]

    def drain(self) -> bool:
        """Whether anything has happened since the last call."""
        happened = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fds[0], 1 << 14):
                happened = True
        return happened

    def close(self) -> None:
        """Give the watch back. A second call does nothing."""
        for fd in self._fds:
            os.close(fd)
        self._fds = ()

    def __enter__(self) -> FolderWatch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class ClaimWatch(FolderWatch):
    """A watch on the claims' folder: readable when a claim may have ended."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, IN_CLOSE_WRITE)


class DriverWatch(FolderWatch):
    """A watch on several folders: readable when something has come into one of them, or may be used that could not be before.
    Nothing is told of mere writing: every program writes to /dev/null."""

    def __init__(self, folders: Iterable[Path]) -> None:
        fd = open_inotify()
        watched = [fd is not None and add_watch(fd, folder, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) for folder in folders]
        self.precise = any(watched)
        self._fds = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if fd is None else (fd,)


def _watched(directory: Path, events: int) -> tuple[int, ...]:
    """An inotify descriptor on the folder; empty where the kernel refuses one."""
    fd = open_inotify()
    if fd is None or add_watch(fd, directory, events):
        return () if fd is None else (fd,)
    os.close(fd)
    return ()


def open_inotify() -> int | None:
    """A new inotify descriptor that does not block; None where the kernel refuses one: a user may have 128."""
    fd: int = ctypes.CDLL(None, use_errno=True).inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    return None if fd < 0 else fd


def add_watch(fd: int, path: Path, events: int) -> bool:
    """Have `events` on `path` reported to an inotify descriptor; False where the kernel refuses, or there is no such path."""
    watch: int = ctypes.CDLL(None, use_errno=True).inotify_add_watch(fd, os.fsencode(path), ctypes.c_uint32(events))
    return watch >= 0
