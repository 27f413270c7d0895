"""A curve in one line of a terminal. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scheduler.tracking.logged import Point

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = " "  # where nothing finite was logged


def sparkline(curve: Sequence[Point], width: int, odd: int = 0, until: float | None = None) -> str:
    """The last value of each of at most `width` stretches of the curve, the lowest of all as the lowest block. Empty for fewer
    than two points.

    `odd`: how many values were not finite, and are not in the curve: a stretch that has no other is a gap. `until`: where they
    end, if they come last.
    """
    count = min(width, len(curve) + odd)
    if len(curve) < 2 or count < 1:
        return ""
    values = _by_place(curve, count, until) if odd else _by_number(curve, count)
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    return "".join(_block(value, low, high) for value in values)


def _by_number(curve: Sequence[Point], count: int) -> list[float]:
    return [curve[len(curve) * (place + 1) // count - 1].last for place in range(count)]


def _by_place(curve: Sequence[Point], count: int, until: float | None) -> list[float]:
    first, last = curve[0].at, max(curve[-1].at, until or curve[-1].at)
    values = [math.nan] * count
    for point in curve:
        values[min(int((point.at - first) / ((last - first) or 1) * count), count - 1)] = point.last
    return values


def _block(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return GAP
    if high == low:
        return BLOCKS[len(BLOCKS) // 2]
    part = value / high - low / high if math.isinf(high - low) else (value - low) / (high - low)
    return BLOCKS[min(int(part * len(BLOCKS)), len(BLOCKS) - 1)] if math.isfinite(part) else BLOCKS[-1]
