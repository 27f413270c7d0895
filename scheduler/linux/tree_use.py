"""What the processes below this one have used so far, and hold now, from /proc. A launcher imports this, so it imports little."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from scheduler.linux import processes

# Of the time, at most: for the share of pages the kernel walks through a process's page tables, milliseconds for 20 GB.
DEAR = 1 / 2000
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Use(NamedTuple):
    """Of all processes together. `cpu` (seconds) and the bytes that went to and came from disks are since their beginning, with
    the children that they have reaped; the rest is now. `rss`: bytes of memory, in which shared pages count for each that has
    them; `pss`: in which they count once; None: not measured this time, or not told."""

    cpu: float = 0.0
    read: int = 0
    written: int = 0
    rss: int = 0
    pss: int | None = None
    processes: int = 0
    threads: int = 0


class TreeUse:
    """Looks at the tree below this process. It remembers what a look at shared memory has cost, and takes one more rarely
    where it is dear."""

    def __init__(self, dear: float = DEAR) -> None:
        """`dear`: the part of the time that may go into looks at shared memory."""
        self._dear, self._shared_due = dear, 0.0

    def look(self) -> Use:
        """What there is now; nothing is lost of those that this process has reaped itself."""
        pids = processes.pids_below(os.getpid())
        each = [_of(pid) for pid in pids]
        cpu, read, written, rss, threads = (sum(column) for column in zip(*each, strict=True)) if each else (0.0, 0, 0, 0, 0)
        return Use(cpu + reaped(), read, written, rss, self._shared(pids), len(pids), threads)

    def _shared(self, pids: list[int]) -> int | None:
        began = time.monotonic()
        if began < self._shared_due or not pids:
            return None
        found = [_pss(pid) for pid in pids]
        ended = time.monotonic()
        self._shared_due = ended + (ended - began) / self._dear
        return None if None in found else sum(each for each in found if each)


def reaped() -> float:
    """Seconds of CPU time of all that this process has reaped, with what they had reaped."""
    times = os.times()
    return times.children_user + times.children_system


def network() -> tuple[int, int]:
    """Bytes that this machine, or container, has received and sent on all its interfaces but the loopback. The kernel does not
    count them by process."""
    received = sent = 0
    for line in processes.contents("/proc/net/dev").splitlines()[2:]:
        name, _, rest = line.partition(b":")
        fields = rest.split()
        if name.strip() != b"lo" and len(fields) > 8:
            received, sent = received + int(fields[0]), sent + int(fields[8])
    return received, sent


def _of(pid: int) -> tuple[float, int, int, int, int]:
    """CPU seconds, bytes read, bytes written, resident bytes, threads; zeros of a process that is gone."""
    fields = processes.contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if len(fields) < 22:
        return 0.0, 0, 0, 0, 0
    counts = dict(line.split(b": ") for line in processes.contents(f"/proc/{pid}/io").splitlines())
    read, written = int(counts.get(b"read_bytes", 0)), int(counts.get(b"write_bytes", 0))
    return sum(map(int, fields[11:15])) / _TICK, read, written, int(fields[21]) * _PAGE, int(fields[17])


def _pss(pid: int) -> int | None:
    """Bytes; None where the kernel does not tell them of a process that is there."""
    for line in processes.contents(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    now = processes.look_up(pid)
    return 0 if now is None or now.state in "ZX" else None
