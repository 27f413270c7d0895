"""A file that another program appends to, read from where the last read ended."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

from scheduler.linux.blocks import next_data

PIECE = 1 << 18  # bytes read at once: bounds the time of one look at a flood, so that the loop gets to its other work


def opened(path: Path) -> BinaryIO:
    """A file that a job has written, to be read and closed. OSError if there is none, or a folder. A pipe of that name keeps
    nobody waiting."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


def end_of(path: Path, most: int) -> tuple[int, bytes]:
    """The last bytes of a file that a job has written, at most so many, and where they begin. OSError as above."""
    with opened(path) as file:
        start = max(0, os.fstat(file.fileno()).st_size - most)
        file.seek(start)
        return start, file.read(most)


def lines_at_end(path: Path, most: int) -> list[bytes]:
    """The whole lines among the same bytes; none where the file cannot be read."""
    try:
        start, found = end_of(path, most)
    except OSError:
        return []
    return found.split(b"\n")[1 if start else 0 : -1]  # what was cut, and what is not whole yet, are no lines


def text_at_end(path: Path, most: int) -> str:
    """The same bytes as text; "" where the file cannot be read."""
    try:
        return end_of(path, most)[1].decode("utf-8", "replace")
    except OSError:
        return ""


class Appended:
    """New bytes of the file at `path`, from `offset` on. The caller moves `offset` over what it has understood.

    `behind`: the last look left something unread, and the one before was understood at least in part: what is damaged is not
    looked at over and over, but when the file changes. `broken`: the last look did not go on where the one before ended,
    since the file became shorter (it is then read from its start) or, with `holes`, since a hole was passed over: one that
    begins at `offset`; a hole further on is seen as NULs up to the end of the look.
    """

    def __init__(self, path: Path, *, holes: bool = False) -> None:
        self.path, self.holes = path, holes
        self.offset, self.behind, self.broken = 0, False, False
        self._last = (0, 0)  # where the last look began, and how many bytes it brought

    def look(self) -> bytes:
        """The bytes from `offset` on, at most PIECE; none where the file is missing, unreadable or has nothing new."""
        try:
            with opened(self.path) as file:
                return self._look(file.fileno())
        except OSError:  # a folder of that name, or a disk that fails: what can be read later is read later
            return b""

    def size(self) -> int:
        """Bytes in the file now; 0 where it is missing."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def _look(self, descriptor: int) -> bytes:
        size = os.fstat(descriptor).st_size
        start = 0 if size < self.offset else self.offset
        if self.holes and start < size:
            start = next_data(descriptor, start, size)
        self.broken = start != self.offset
        self.offset = start
        data = os.pread(descriptor, PIECE, start)
        look = start, len(data)
        self.behind, self._last = start + len(data) < size and look != self._last, look
        return data


class FileReader:
    """What the readers of one growing file have in common; see `rows.Reader`."""

    def __init__(self, file: Appended) -> None:
        self._file = file
        self.summary: dict[str, Any] = {}
        self.exit_code: int | None = None
        self.leads = False

    @property
    def path(self) -> Path:
        return self._file.path

    @property
    def extent(self) -> tuple[int, int]:
        return self._file.offset, self._file.size()

    @property
    def behind(self) -> bool:
        return self._file.behind
