"""How many descriptors a process may still open."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice


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
