"""Wake up when something happens to the files of a folder: inotify(7), without threads and without polling."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

# <sys/inotify.h>
IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x2, 0x4, 0x8, 0x80, 0x100


class FolderWatch:
    """A descriptor for `selectors` that is readable when one of `events` has happened in one of `folders`, or to a file there.

    `precise` is False where the kernel does not give a watch for each of them (its limit per user is reached, or one is not
    there): then the descriptor tells of some or of nothing, and callers must look again after a while in any case.
    """

    def __init__(self, events: int, *folders: Path) -> None:
        fd = open_inotify()
        watched = [fd is not None and add_watch(fd, folder, events) for folder in folders]
        self.precise = all(watched)
        self._fds: tuple[int, ...] = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if fd is None else (fd,)

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


def open_inotify() -> int | None:
    """A new inotify descriptor that does not block; None where the kernel refuses one: a user may have 128."""
    fd: int = _libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    return None if fd < 0 else fd


def add_watch(fd: int, path: Path, events: int) -> bool:
    """Have `events` on `path` reported to an inotify descriptor; False where the kernel refuses, or there is no such path."""
    import ctypes

    watch: int = _libc().inotify_add_watch(fd, os.fsencode(path), ctypes.c_uint32(events))
    return watch >= 0


@cache
def _libc() -> ctypes.CDLL:
    import ctypes  # not above: most who ask whether there is a driver watch for none

    return ctypes.CDLL(None, use_errno=True)
