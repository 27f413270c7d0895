"""Wake up when a log appears or grows: inotify(7) on several folders and files, without threads and without polling."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from scheduler.linux.inotify import IN_MODIFY, add_watch, open_inotify

IN_MOVED_TO, IN_CREATE, IN_Q_OVERFLOW, IN_ONLYDIR, IN_ONESHOT = 0x80, 0x100, 0x4000, 0x1000000, 0x80000000  # <sys/inotify.h>
IN_ISDIR = 0x40000000
_APPEARED = IN_CREATE | IN_MOVED_TO | IN_Q_OVERFLOW
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows


class LogWatch:
    """A descriptor for `selectors`: readable when something appeared in a watched folder, or an armed file was written to.

    `precise` is False where the kernel gives no watches, or no more of them; the descriptor does not tell of everything then.
    `heard`: whether the last `drain` found anything at all.
    """

    def __init__(self, *, awake: bool = True, far: bool = False) -> None:
        """Not `awake`: it has no descriptor, for a reader that does not wait. `far`: another machine writes, of which the
        kernel of this one tells nothing."""
        fd = open_inotify() if awake and not far else None
        self.precise = fd is not None
        self.heard = False
        self._fds: tuple[int, ...] = ()
        if awake:
            self._fds = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if fd is None else (fd,)

    def fileno(self) -> int:
        return self._fds[0]

    def watch_folders(self, folders: Iterable[Path]) -> None:
        """Report what appears in `folders`. One that is missing is passed over: its parent is watched, and tells of it."""
        if self.precise:
            for folder in folders:
                self._add(folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

    def arm(self, files: Iterable[Path]) -> None:
        """Report the next write to each of `files`, once: a job that prints without end wakes us as often as we ask."""
        if self.precise:
            for file in files:
                self._add(file, IN_MODIFY | IN_ONESHOT)

    def _add(self, path: Path, events: int) -> None:
        if not add_watch(self._fds[0], path, events) and path.exists():
            self.precise = False

    def drain(self) -> bool:
        """Take in what has happened since the last call; whether something may have appeared in a folder."""
        masks = list(self._masks()) if self._fds else []
        self.heard = bool(masks)
        return any(mask & _APPEARED for mask in masks)

    def close(self) -> None:
        """Give the watches back. A second call does nothing."""
        for fd in self._fds:
            os.close(fd)
        self._fds = ()

    def _masks(self) -> Iterator[int]:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._fds[0], 1 << 14):
                position = 0
                while position < len(data):
                    _, mask, _, length = _EVENT.unpack_from(data, position)
                    name = data[position + _EVENT.size : position + _EVENT.size + length]
                    position += _EVENT.size + length
                    # No log is called so; what is left for others beside the logs of a job is, every two seconds.
                    if mask & IN_ISDIR or not name.startswith(b"."):
                        yield mask
