"""How much memory there is, and how much trees of processes hold."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from scheduler.linux import processes

_PAGE = os.sysconf("SC_PAGE_SIZE")
_GROUPS = Path("/sys/fs/cgroup")  # of version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory


def total() -> int:
    """Bytes that the machine has, or that this container may have."""
    return min(_of_the_machine("MemTotal:"), *(limit for limit, _ in _bounds()))


def available() -> int:
    """Bytes that can be had without swapping, by the kernel's own estimate; 0 where it gives none."""
    return min(_of_the_machine("MemAvailable:"), *(max(0, limit - held) for limit, held in _bounds()))


def held_below(pid: int) -> int:
    """Bytes that the processes below this one hold; shared ones count for each."""
    return sum(_resident(each) for each in processes.pids_below(pid))


def _of_the_machine(name: str) -> int:
    with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123
        for line in file:
            if line.startswith(name):
                return int(line.split()[1]) << 10
    return 0


def _bounds() -> list[tuple[int, int]]:
    """What our cgroup and those above it may hold, and what they hold that cannot be given back at once; at least one pair, which
    bounds nothing."""
    found = [(1 << 62, 0)]
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        ours = _GROUPS / next(line[3:].lstrip("/") for line in lines if line.startswith("0::"))
        for group in (ours, *ours.parents):
            if group == _GROUPS.parent:
                break
            found += _bound(group)
    return found


def _bound(group: Path) -> list[tuple[int, int]]:
    with suppress(OSError, ValueError):  # the top one has no limit, "max" is none
        limit, held = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        given_back = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return [(limit, held - int(given_back["inactive_file"]))]
    return []


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):  # it is gone
        return 0
