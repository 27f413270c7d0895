"""What an attempt has used of the machine, from the rows of its system log (`launcher/system_log.py`): the whole, and lately."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from scheduler.tracking.metric_log import parsed, rows
from scheduler.tracking.readers.appended import lines_at_end
from scheduler.values import dataclass

Rows = Iterable[Mapping[str, Any]]

CPU, RSS, USED = "cpu.use", "memory.rss", "memory.used"
ENERGY, SHARED = "gpu.energy", "gpu.shared"
GPU_USE, GPU_MEMORY = re.compile(r"gpu\.\d+\.use"), re.compile(r"gpu\.\d+\.memory")
TAIL = 1 << 16  # bytes at the end of a log that tell what is now
LATELY = 300.0  # seconds that "now" reaches back
ENOUGH = 60.0  # seconds of rows, before anything is said of a GPU that idles
IDLE = 30.0  # percent; a GPU that does less waits for its data


@dataclass(frozen=True)
class SystemUse:
    """What was used; None: not measured, or not told by the driver.

    `gpu_use` (percent, the mean over its GPUs) and `cpu_use` (cores) are means by time, with `..._peak` the largest row.
    `gpu_memory_peak` is of its own processes on all its GPUs, `memory_peak` of its process tree, in MiB; shared pages count once
    in it, unless the kernel does not tell. `energy_wh` is of the GPUs; `shared`: by its share, since others had them as well.
    """

    gpu_use: float | None = None
    gpu_use_peak: float | None = None
    gpu_memory_peak: float | None = None
    cpu_use: float | None = None
    cpu_use_peak: float | None = None
    memory_peak: float | None = None
    energy_wh: float | None = None
    shared: bool = False


def used(found: Rows, started: float) -> SystemUse | None:
    """What an attempt that has begun at `started` (seconds since 1970) has used by these rows; None where there are none."""
    gpu, cpu = _Mean(started), _Mean(started)
    peaks: dict[str, float] = {}
    energy: float | None = None
    any_row = shared = False
    for row in found:
        any_row = True
        busy, held = _numbers(row, GPU_USE), _numbers(row, GPU_MEMORY)
        if busy:
            gpu.take(row, sum(busy) / len(busy))
        if (cores := _number(row, CPU)) is not None:
            cpu.take(row, cores)
        for name, value in (("gpu", sum(held) if held else None), (RSS, _number(row, RSS)), (USED, _number(row, USED))):
            if value is not None:
                peaks[name] = max(value, peaks.get(name, 0.0))
        told = _number(row, ENERGY)
        energy, shared = energy if told is None else told, shared or row.get(SHARED) is True
    memory = peaks.get(USED, peaks.get(RSS))
    use = SystemUse(gpu.mean, gpu.peak, peaks.get("gpu"), cpu.mean, cpu.peak, memory, energy, shared)
    return use if any_row else None


def read(path: Path, started: float) -> SystemUse | None:
    """The same of the log at `path`; None where there is none."""
    return used(rows(path), started)


def busy_lately(found: Sequence[Mapping[str, Any]], now: float) -> float | None:
    """How busy its GPUs were in the last minutes before `now`, in percent; None where nobody has watched them for long enough,
    or does not now. A row stands for the time since the one before it."""
    seen = [(time, sum(busy) / len(busy)) for row in found if (time := _time(row)) and (busy := _numbers(row, GPU_USE))]
    covered = total = 0.0
    for (before, _), (time, value) in reversed(list(pairwise(seen))):
        if not covered and now - time > max(ENOUGH, 2 * (time - before)):
            return None
        covered, total = covered + time - before, total + value * (time - before)
        if covered >= LATELY:
            break
    return total / covered if covered >= ENOUGH else None


def tail(path: Path) -> list[dict[str, Any]]:
    """The last rows of a log; none where there is no log."""
    return [row for line in lines_at_end(path, TAIL) if (row := parsed(line)) is not None]


def energy_so_far(found: Sequence[Mapping[str, Any]]) -> tuple[float | None, bool]:
    """The energy that the last of these rows which tells it has, in Wh, and whether that is a share."""
    for row in reversed(found):
        if (energy := _number(row, ENERGY)) is not None:
            return energy, row.get(SHARED) is True
    return None, False


class _Mean:
    """By time: the rows come more rarely as the file grows, and each stands for the time since the one before."""

    def __init__(self, started: float) -> None:
        self._last, self._seconds, self._total = started, 0.0, 0.0
        self.peak: float | None = None

    def take(self, row: Mapping[str, Any], value: float) -> None:
        time = _time(row) or self._last
        seconds = max(time - self._last, 1e-6)  # a clock that was set back
        self._last, self._seconds, self._total = time, self._seconds + seconds, self._total + value * seconds
        self.peak = value if self.peak is None else max(value, self.peak)

    @property
    def mean(self) -> float | None:
        return self._total / self._seconds if self._seconds else None


def _numbers(row: Mapping[str, Any], names: re.Pattern[str]) -> list[float]:
    return [value for name in row if names.fullmatch(name) and (value := _number(row, name)) is not None]


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _time(row: Mapping[str, Any]) -> float | None:
    return _number(row, "_time")
