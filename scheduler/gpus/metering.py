"""What the GPUs of one claim do and use, reading by reading: the figures of a row, and the energy. No effects.

Where several jobs have a GPU, its energy is divided by their shares: whoever has the whole of it, or half, or so many of its MiB.
All of it is divided, so that the energy of jobs adds up to that of the GPU while any of them had it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from scheduler.gpus.observation import use
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Reading
from scheduler.gpus.view import View

JOULES = 3600.0  # in a Wh
BLIND = 60.0  # seconds between two readings, beyond which their power says nothing of what was between them


def part(claim: ClaimRecord, gpu: Gpu, claims: Iterable[ClaimRecord]) -> float:
    """Which part of the GPU's energy is this claim's, 0 to 1, among all `claims` that live.

    >>> a, b = ClaimRecord("a", {"GPU-0": 6000}, exclusive=False), ClaimRecord("b", {"GPU-0": 2000}, exclusive=False)
    >>> part(a, Gpu("GPU-0", total=24000), [a, b]), part(a, Gpu("GPU-0", total=24000), [a])
    (0.75, 1.0)
    """
    mine = _weight(claim, gpu)
    others = sum(_weight(each, gpu) for each in claims if each.id != claim.id and gpu.uuid in each.memory)
    return mine / (mine + others)


def _weight(claim: ClaimRecord, gpu: Gpu) -> float:
    if claim.split:
        return 1 / claim.split
    memory = claim.memory.get(gpu.uuid)
    return memory / gpu.capacity if memory and gpu.capacity else 1.0


def joules(before: Gpu, now: Gpu, seconds: float) -> float | None:
    """What a GPU used between two readings: by its counter, else by its power; None where it tells neither, or has not for
    long. A counter that has fallen is that of a driver that was loaded anew."""
    if before.energy is not None and now.energy is not None and now.energy >= before.energy:
        return now.energy - before.energy
    powers = [each for each in (before.power, now.power) if each is not None]
    return sum(powers) / len(powers) * seconds if powers and seconds <= BLIND else None


class Meter:
    """Takes in readings while a claim lives. Its memory does not grow with them.

    `energy`: Wh so far; None where no GPU of it has told any. `shared`: others have had one of its GPUs at the same time, so
    that its energy is a share.
    """

    def __init__(self, reading: Reading, energy: float | None = None, *, shared: bool = False) -> None:
        """From `reading` on; `energy` and `shared`: what somebody else had measured by then."""
        self.energy, self.shared = energy, shared
        self._before = {gpu.uuid: (reading.at, gpu) for gpu in reading.gpus if not gpu.problem}
        self._figures: dict[str, _Figures] = {}

    def take(self, seen: View, claim: ClaimRecord) -> None:
        """Take in a view later than all before. A driver or a GPU that fails tells nothing of that time; what the counter has
        gone on to count is there with the next reading."""
        for gpu in seen.reading.gpus:
            if gpu.uuid not in claim.memory or gpu.problem:
                continue
            self._energy_of(gpu, seen, claim)
            figures = self._figures.setdefault(gpu.uuid, _Figures())
            figures.take(gpu, use(gpu, seen.claims, seen.observation.of(gpu.uuid), seen.settings).measured.get(claim.id))
            self._before[gpu.uuid] = (seen.reading.at, gpu)

    def row(self, order: Iterable[str]) -> dict[str, Any]:
        """The figures since the last row, by name, and the energy so far; nothing where there was no figure. `order`: the UUIDs
        as the job counts its GPUs."""
        found = {
            f"gpu.{number}.{name}": value
            for number, uuid in enumerate(order)
            for name, value in self._figures.pop(uuid, _Figures()).told().items()
        }
        return found and found | self.last()

    def last(self) -> dict[str, Any]:
        """The energy alone."""
        return {} if self.energy is None else {"gpu.energy": round(self.energy, 6), "gpu.shared": self.shared}

    def _energy_of(self, gpu: Gpu, seen: View, claim: ClaimRecord) -> None:
        at, before = self._before.get(gpu.uuid, (seen.reading.at, gpu))
        used = joules(before, gpu, seen.reading.at - at)
        mine = part(claim, gpu, seen.claims)
        self.shared = self.shared or mine < 1.0
        if used is not None:
            self.energy = (self.energy or 0.0) + used * mine / JOULES


class _Figures:
    """One GPU between two rows: means of what varies quickly, the last of the rest, all reasons that it was throttled for."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}
        self._last: dict[str, float] = {}
        self._throttled: dict[str, None] | None = None

    def take(self, gpu: Gpu, memory: int | None) -> None:
        for name, value in _present({"use": gpu.utilization, "power": gpu.power}).items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)
        held = {"memory": memory, "device_memory": gpu.used, "temperature": gpu.temperature, "clock": gpu.clock}
        self._last |= _present(held)
        if gpu.throttled is not None:
            self._throttled = {**(self._throttled or {}), **dict.fromkeys(gpu.throttled)}

    def told(self) -> dict[str, Any]:
        means = {name: round(total / count, 1) for name, (total, count) in self._sums.items()}
        return {**means, **self._last, **({} if self._throttled is None else {"throttled": ", ".join(self._throttled)})}


def _present(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
