"""What a job has logged in all, where a later attempt goes on from what an earlier one has left: one log, in two pieces.

A training that was killed after step 9 and goes on from its checkpoint of step 6 logs 0 to 9 in one attempt and 7 to 19 in the
next. Its curve is 0 to 19, its best value may lie in either, and what the first said of steps 7 to 9 was done again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from scheduler.tracking.logged import POINTS, Logged, Point, Series, joined

LOW, HIGH = attrgetter("low"), attrgetter("high")


def gone_on(before: Logged, since: Logged) -> Logged:
    """All of it, of two values with their curves. `since` alone where it began anew, as far as one can see: it begins where
    `before` began, or has no steps, or comes from another kind of log. `before` alone where nothing has been logged since."""
    if not since.last:
        return before
    first, start = _begin(before), _begin(since)
    if since.source != before.source or None in (since.step, before.step) or first is None or start is None or start <= first:
        return since
    kept = {name: each for name, whole in before.series.items() if (each := _until(whole, start))}
    return replace(
        since,
        rows=since.rows + round(before.rows * max(_share(each, before.series[name]) for name, each in kept.items())),
        last={**_last(before, kept), **since.last},
        series={**kept, **{name: _both(kept.get(name), each) for name, each in since.series.items()}},
    )


def _begin(found: Logged) -> float | None:
    """The place of the first number."""
    return min((each.curve[0].at for each in found.series.values() if each.curve), default=None)


def _last(before: Logged, kept: Mapping[str, Series]) -> dict[str, Any]:
    """The last values of what was kept of it; texts, and numbers that have no curve, have no place and stay."""
    given = {name: value for name, value in before.last.items() if name in kept or name not in before.series}
    return given | {name: each.last for name, each in kept.items() if each is not before.series[name]}


def _share(part: Series, whole: Series) -> float:
    return len(part.curve) / len(whole.curve) if whole.curve else 1.0


def _until(whole: Series, start: float) -> Series | None:
    """What it was before `start`; None where that is nothing. How many values those are is exact where each has a point of its
    own."""
    if not whole.curve or whole.curve[-1].at < start:
        return whole
    curve = tuple(point for point in whole.curve if point.at < start)
    if not curve:
        return None
    low, high = min(curve, key=LOW), max(curve, key=HIGH)
    part = replace(whole, curve=curve, last=curve[-1].last)
    if whole.low_at is None or whole.low_at >= start:
        part = replace(part, low=low.low, low_at=low.at)
    if whole.high_at is None or whole.high_at >= start:
        part = replace(part, high=high.high, high_at=high.at)
    return replace(part, count=whole.odd + round((whole.count - whole.odd) * _share(part, whole)))


def _both(before: Series | None, since: Series) -> Series:
    if before is None:
        return since
    finite = [each for each in (before, since) if each.first is not None]
    low, high = (pick(finite, key=key) if finite else since for pick, key in ((min, LOW), (max, HIGH)))
    return Series(
        *(before.count + since.count, before.odd + since.odd, since.last),
        *((finite or [since])[0].first, low.low, high.high, low.low_at, high.high_at),
        _thinned([*before.curve, *since.curve]),
    )


def _thinned(points: Sequence[Point]) -> tuple[Point, ...]:
    """As many as a curve has at most, two that follow one another as one."""
    while len(points) > POINTS:
        pairs = [joined(*pair) for pair in zip(points[::2], points[1::2], strict=False)]
        points = [*pairs, *points[2 * len(pairs) :]]
    return tuple(points)
