"""The interpreters of this user that keep imports loaded, found by what /proc shows of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from scheduler.values import dataclass

PREFIX, SUFFIX = "exp-queue: keeps the imports of ", " loaded"


@dataclass(frozen=True)
class Kept:
    """Process, program, and the bytes of memory in use, most of which its jobs share."""

    pid: int
    program: str
    bytes: int


def kept() -> list[Kept]:
    """Those that live now."""
    return list(_found())


def _found() -> Iterator[Kept]:
    for name in os.listdir("/proc"):  # noqa: PTH208 (hundreds at a time)
        if name.isdigit():
            with suppress(OSError, ValueError):  # it has ended meanwhile, or is not ours to look at
                if found := _look(int(name)):
                    yield found


def _look(pid: int) -> Kept | None:
    with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
        words = os.fsdecode(file.read(4096).rstrip(b"\0"))
    if not words.startswith(PREFIX) or not words.endswith(SUFFIX) or os.stat(f"/proc/{pid}").st_uid != os.getuid():  # noqa: PTH116
        return None
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123
        resident = int(file.read().split()[1])
    return Kept(pid, words[len(PREFIX) : -len(SUFFIX)], resident * os.sysconf("SC_PAGE_SIZE"))
