"""The curves of what jobs have logged."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from scheduler.actions.columns import Vocabulary
from scheduler.actions.compare import COUNTS, ordered
from scheduler.actions.compared import Compared, compared
from scheduler.actions.logged import has_number_alone, logged, with_others
from scheduler.errors import UserError
from scheduler.queue.job import Job
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.tracking.logged import CURVES, Logged, Point, Series
from scheduler.values import dataclass

STEP, TIME = "step", "time"
GAP = 1.5  # times the usual distance of two points: where numbers that are none were logged, so much is a gap


@dataclass(frozen=True)
class Spot:
    """A point of a curve at its place on the x axis. `value` is the last of the rows that it stands for, perhaps smoothed."""

    x: float
    point: Point
    value: float
    after_gap: bool = False  # nothing leads to it from the one before


@dataclass(frozen=True)
class Curve:
    """What one job has logged under one name."""

    job: Job
    metric: str
    series: Series
    spots: Sequence[Spot]


@dataclass(frozen=True)
class Curves:
    """The curves of some jobs, the best job first: for each metric one of every job that has it. `of`: how many jobs there were
    before a limit."""

    metrics: Sequence[str]
    x: str
    curves: Sequence[Curve]
    vocabulary: Vocabulary
    of: int
    smooth: float = 0.0

    def by_metric(self, metric: str) -> list[Curve]:
        return [each for each in self.curves if each.metric == metric]


def curves(
    store: Store,
    words: Sequence[str],
    metrics: Sequence[str] = (),
    *,
    x: str = STEP,
    smooth: float = 0.0,
    limit: int = 0,
) -> Curves:
    """The curves of the jobs that `words` name; with `limit` of the best so many. `metrics`: none are the objectives, else the
    first that was logged. `x`: "step", "time" in seconds from the first row on, or a metric such as "epoch". UserError for a
    metric that no job has."""
    everyone = compared(store, select(store, words))
    known = Vocabulary.of(everyone)
    if not everyone:
        return Curves((), x, (), known, 0, smooth)
    names = [_named(everyone, known, name) for name in metrics] or _usual(everyone, known)
    if x not in (STEP, TIME):
        known.metric(x)
    chosen = ordered(everyone, known, None)[: limit or None]
    found = []
    for each in chosen:
        whole = Logged()
        if each.attempt:
            whole = with_others(store, each.job, each.attempt, logged(store, each.job, each.attempt), names)
        found += [
            Curve(each.job, name, series, smoothed(spots(whole, series, x), smooth))
            for name in names
            if (series := whole.series.get(name)) is not None
        ]
    for name in names:
        if name not in known.numbers and not any(each.metric == name for each in found):
            raise UserError(
                f'no curve of "{name}" is kept, nor do the logs have one by now',
                next_step=f"of a job the curves of the first {CURVES} metrics are kept; `exp-queue show JOB` has the last value",
            )
    return Curves(names, x, found, known, len(everyone), smooth)


def _named(everyone: Sequence[Compared], known: Vocabulary, name: str) -> str:
    """The metric that is called so, be it one of those of which no curve is kept."""
    return name if any(has_number_alone(each.logged, name) for each in everyone) else known.metric(name)


def _usual(everyone: Sequence[Compared], known: Vocabulary) -> list[str]:
    objectives = dict.fromkeys(each.objective.name for each in everyone if each.objective)
    found = [name for name in objectives if name in known.numbers]
    found = found or [name for name in known.numbers if name not in COUNTS][:1]
    if not found:
        raise UserError("these jobs have logged no numbers", next_step="`exp-queue logs JOB` shows what one has printed")
    return found


def spots(whole: Logged, series: Series, x: str) -> list[Spot]:
    """The points of a series on the x axis. Those without a place there are left out."""
    places = [_place(whole, point, x) for point in series.curve]
    found = [Spot(at, point, point.last) for at, point in zip(places, series.curve, strict=True) if at is not None]
    if not series.odd or len(found) < 3:
        return found
    steps = [later.point.at - earlier.point.at for earlier, later in pairwise(found)]
    usual = median(steps)
    return [found[0], *(replace(spot, after_gap=step > GAP * usual) for spot, step in zip(found[1:], steps, strict=True))]


def _place(whole: Logged, point: Point, x: str) -> float | None:
    if x == STEP:
        return point.at
    if x == TIME:
        return None if point.time is None else point.time - _begin(whole)
    other = whole.series.get(x)
    index = bisect_right(other.curve, point.at, key=lambda each: each.at) - 1 if other else -1
    return other.curve[index].last if other and index >= 0 else None


def _begin(whole: Logged) -> float:
    times = (series.curve[0].time for series in whole.series.values() if series.curve)
    return min((time for time in times if time is not None), default=0.0)


def smoothed(found: Sequence[Spot], weight: float) -> list[Spot]:
    """An exponential moving average without the bias of its start, as W&B and TensorBoard draw it; 0 leaves all as it is.

    >>> spots = [Spot(at, Point(at, None, value, value, value), value) for at, value in enumerate([1.0, 1.0, 4.0])]
    >>> [round(spot.value, 3) for spot in smoothed(spots, 0.5)]
    [1.0, 1.0, 2.714]
    """
    average, result = 0.0, []
    for count, spot in enumerate(found, 1):
        average = weight * average + (1 - weight) * spot.value
        value = average / (1 - weight**count) if weight else spot.value
        result.append(replace(spot, value=value if math.isfinite(value) else spot.value))
    return result
