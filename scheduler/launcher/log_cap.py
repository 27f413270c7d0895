"""Keeping a flood of output from filling the disk: the middle of a large log is given back to the file system.

A job writes straight to its file, so there is no pipe that could break. Where the file system can punch holes (ext4, xfs,
btrfs, tmpfs), the blocks between the kept beginning and the kept end are freed while the job writes on; readers find a
hole there. Where it cannot, the log stays whole.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from scheduler.linux.blocks import next_data, punch

BLOCK = 4096
CHUNK = 1 << 16


def cut(path: str | os.PathLike[str], cap: int) -> int:
    """Free the middle of the file so that about `cap` bytes stay: an eighth from its beginning, the rest from its end.

    Returns how many bytes lie in the hole; 0 where the file is small enough, is gone, or cannot be cut.
    """
    try:
        # Nearly always: a short job's log is not even opened. (A Path took longer to build than a file to look at.)
        if os.stat(path).st_size <= cap:  # noqa: PTH116
            return 0
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        size, head = os.fstat(descriptor).st_size, _rounded(cap // 8)
        hole = _rounded(size - cap + head) - head
        if size <= cap or hole <= 0:
            return 0
        return hole if punch(descriptor, head, hole) else 0
    finally:
        os.close(descriptor)


def _rounded(size: int) -> int:
    return size // BLOCK * BLOCK


def say(path: str | os.PathLike[str], text: str) -> None:
    """Append a line of ours, with its time; one that finds no room or no log is left out."""
    line = f"[exp-queue] {time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except OSError:
        return
    with contextlib.suppress(OSError), open(descriptor, "r+b", buffering=0) as file:  # noqa: PTH123
        size = os.fstat(descriptor).st_size
        begun = size and os.pread(descriptor, 1, size - 1) != b"\n"
        file.write(("\n" * bool(begun) + line).encode())


def pieces(descriptor: int, start: int) -> Iterator[tuple[int, bytes | int]]:
    """What is in a log from `start` on: the position after each piece, and its bytes, or the number of bytes left out."""
    size = os.fstat(descriptor).st_size
    while start < size:
        data = next_data(descriptor, start, size)
        if data > start:
            yield data, data - start
            start = data
            continue
        end = min(os.lseek(descriptor, start, os.SEEK_HOLE), start + CHUNK, size)
        piece = os.pread(descriptor, end - start, start)
        if not piece:
            return
        start += len(piece)
        yield start, piece
