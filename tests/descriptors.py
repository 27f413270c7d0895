"""What a process has open, and how much more it may."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count, islice
from pathlib import Path

import pytest

KNOWN = 1024  # descriptors that select(2) knows


def open_files() -> set[tuple[int, str]]:
    """The descriptors of this process, each with what it leads to. Later there may be fewer, whatever is done: those of earlier
    tests go with the objects that have them."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that by which they were listed
            found.add((int(each.name), str(each.readlink())))
    return found


@contextmanager
def limited(pid: int, most: int) -> Iterator[None]:
    """A process that can open nothing with a number of `most` or more; what it has open stays."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def limit_for(pid: int, more: int = 0) -> int:
    """The limit with which a process can open so many more, whatever it has open above it."""
    place = f"/proc/{pid}/fd"
    seen = os.listdir(place)  # noqa: PTH208 (only names)
    used = {int(name) for name in seen if os.path.lexists(f"{place}/{name}")}
    return next(islice((number for number in count() if number not in used), more, None))


@contextmanager
def crowded() -> Iterator[None]:
    """Whatever this process opens meanwhile has a number that select(2) does not know, as in a notebook with many open files.
    Skipped where a process may not have so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 2 * KNOWN
    if resource.RLIM_INFINITY != hard < most:
        pytest.skip("this machine allows a process too few descriptors")
    with ExitStack() as undone:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        undone.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        descriptor = -1
        while descriptor < KNOWN:
            descriptor = os.open(os.devnull, os.O_RDONLY)
            undone.callback(os.close, descriptor)
        yield
