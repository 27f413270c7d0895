"""How fast jobs work beside so many others, by what they log and how long they take. Pure.

Jobs differ: a network of twice the size logs half as many rows. So each job is compared with itself, beside fewer and beside
more; and jobs that ran beside fewer all their time are compared with those that ran beside more, once there are enough of both.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from statistics import fmean, variance

from scheduler.values import dataclass

ROW_NOISE = 0.1  # of the time between two rows: how much it varies of itself
LOOK_NOISE = 0.5  # seconds by which the moment of a rare row is uncertain at either end: logs are looked at once a second
DIFFER = 0.3  # how much the logarithms of the times of jobs differ, as long as little is known of that
FEW = 3  # jobs of which fewer do not show how much jobs differ


@dataclass(frozen=True)
class Gain:
    """The logarithm of the speed of all jobs together, at one level over another, and how far that may be wrong."""

    log: float
    error: float

    @property
    def ratio(self) -> float:
        return math.exp(self.log)


@dataclass
class _Worked:
    rows: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.rows / self.seconds

    @property
    def variance(self) -> float:
        """Of the logarithm of the rate. Of many rows a second, a look sees at its very moment how many there are, but for one."""
        return ROW_NOISE**2 / self.rows + min(LOOK_NOISE / self.seconds, 1 / self.rows) ** 2


class Speeds:
    """What has been seen of the jobs of one program. A level: how many jobs ran at once."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[str, _Worked]] = defaultdict(lambda: defaultdict(_Worked))
        self._whole: dict[int, list[float]] = defaultdict(list)

    def logged(self, job: str, level: int, rows: int, seconds: float) -> None:
        """It has logged so many rows in so many seconds at this level, each with another before it."""
        worked = self._rows[level][job]
        worked.rows += rows
        worked.seconds += seconds

    def took(self, level: int, seconds: float) -> None:
        """A job that was at this level all the time has ended well after so many seconds."""
        self._whole[level].append(math.log(max(seconds, 1e-3)))

    def whole(self, level: int) -> int:
        """So many jobs were at this level from their beginning to their end."""
        return len(self._whole.get(level, []))

    def error(self, level: int, jobs: Collection[str]) -> float:
        """How far the logarithm of the speed of these jobs at this level may be wrong by their rows; infinity: there are none."""
        known = [1 / worked.variance for name, worked in self._rows.get(level, {}).items() if name in jobs]
        return 1 / math.sqrt(sum(known)) if known else math.inf

    def gain(self, here: int, there: int) -> Gain | None:
        """Of the level `there` over the level `here`; None as long as nothing is known of it."""
        found = [*self._of_the_same(here, there), *self._of_others(here, there)]
        if not found:
            return None
        each = _weighed(found)
        return Gain(each.log + math.log(there / here), each.error)

    def _of_the_same(self, here: int, there: int) -> list[Gain]:
        before, after = self._rows.get(here, {}), self._rows.get(there, {})
        both = [(before[job], after[job]) for job in before.keys() & after.keys()]
        each = [Gain(math.log(b.rate / a.rate), math.sqrt(a.variance + b.variance)) for a, b in both]
        return [_weighed(each)] if each else []

    def _of_others(self, here: int, there: int) -> list[Gain]:
        before, after = self._whole.get(here, []), self._whole.get(there, [])
        if min(len(before), len(after)) < FEW:
            return []
        return [Gain(fmean(before) - fmean(after), math.sqrt(_spread(before, after) * (1 / len(before) + 1 / len(after))))]


def _spread(*groups: Sequence[float]) -> float:
    """The variance within the groups; a few that are alike by chance do not make it small."""
    within = sum(variance(each) * (len(each) - 1) for each in groups)
    return (within + DIFFER**2 * FEW) / (sum(len(each) - 1 for each in groups) + FEW)


def _weighed(gains: Sequence[Gain]) -> Gain:
    """Their mean, where whoever is surer counts for more; no surer than the differences between them allow."""
    weights = [1 / gain.error**2 for gain in gains]
    mean = sum(weight * gain.log for weight, gain in zip(weights, gains, strict=True)) / sum(weights)
    error = 1 / math.sqrt(sum(weights))
    if len(gains) >= FEW:
        error = max(error, math.sqrt(variance(gain.log for gain in gains) / len(gains)))
    return Gain(mean, error)
