"""Which runners live, and what they drive: a file for each, locked as long as its process lives."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from scheduler.home import Home
from scheduler.linux.locks import is_locked

Ranges = Sequence[tuple[int, int]]  # first and last numbers of jobs
_SUFFIX = ".runner"


@contextmanager
def present(home: Home, ranges: Ranges) -> Iterator[None]:
    """Meanwhile others see that a runner drives these jobs. Without room on the disk nobody does."""
    path = home.launchers / f"{os.urandom(8).hex()}{_SUFFIX}"
    unnamed = path.with_suffix(".new-runner")
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # before it has its name: one that is not locked is of a runner that is gone
        os.write(descriptor, json.dumps(list(ranges)).encode())
        unnamed.rename(path)
    try:
        yield
    finally:
        for each in (path, unnamed):
            with suppress(OSError):
                each.unlink(missing_ok=True)
        if descriptor is not None:
            os.close(descriptor)


def driven(home: Home) -> list[tuple[int, int]]:
    """The numbers of the jobs that living runners drive; what dead ones have left is removed."""
    found: list[tuple[int, int]] = []
    for path in home.launchers.glob(f"*{_SUFFIX}"):
        with suppress(OSError, ValueError):
            if is_locked(path):
                found += [(first, last) for first, last in json.loads(path.read_bytes())]
            else:
                path.unlink(missing_ok=True)
    return found
