"""The blocks of a file: giving them back to the file system, holding some in reserve (fallocate(2), which Python does not offer),
and finding those that are there."""

from __future__ import annotations

import errno
import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # <linux/falloc.h>
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.ENOSYS)


def punch(descriptor: int, start: int, length: int) -> bool:
    """Free the blocks from `start` on; readers find zeros there. False where the file system cannot do it."""
    return _fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, start, length) == 0


def reserve(descriptor: int, length: int) -> None:
    """Make sure that `length` more bytes can be appended. OSError (ENOSPC) where there is no room; where the file system
    cannot promise any, nothing happens."""
    failure = _fallocate(descriptor, _KEEP_SIZE, os.fstat(descriptor).st_size, length)
    if failure and failure not in _UNSUPPORTED:
        raise OSError(failure, os.strerror(failure))


def next_data(descriptor: int, start: int, size: int) -> int:
    """Where the next bytes are that were written, from `start` on in a file of `size` bytes; `size` where nothing but a hole
    follows (lseek(2))."""
    try:
        return os.lseek(descriptor, start, os.SEEK_DATA)
    except OSError:  # ENXIO: nothing but a hole up to the end
        return size


def _fallocate(descriptor: int, mode: int, start: int, length: int) -> int:
    import ctypes  # not above: whoever only reads frees and reserves nothing

    failed = _libc().fallocate(descriptor, mode, ctypes.c_int64(start), ctypes.c_int64(length))
    return ctypes.get_errno() if failed else 0


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)
