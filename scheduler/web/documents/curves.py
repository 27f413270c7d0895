"""The curves of runs, small enough to send.

    {"curves": {"val_loss": {RUN: {"at": STEPS, "last": [...], "low": [...], "high": [...], "odd": 0}}},
     "clocks": {RUN: {"begin": 1700000000.0, "at": STEPS, "seconds": [...]}}}

STEPS are a list of ascending numbers or, where they are even, `{"from": 0, "by": 10, "count": 50}`. Some of a curve may be
equal: rows that were logged at one step; where a script went back, what it had logged from that step on is replaced. A point
stands for one row or several that follow one another: `low` and `high` are there where they are not `last`. `odd` values were NaN
or infinite, and are in no point. A clock says when a step was logged: `seconds` after `begin`, which is the first of all rows;
between its points time goes evenly. Runs of which no times are known have none. Numbers are rounded to DIGITS significant ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from scheduler.tracking.logged import Logged, Point, Series, thinned

DIGITS = 5
KNOTS = 64  # of a clock


def document(found: Iterable[tuple[str, Logged]], points: int = 512) -> dict[str, Any]:
    """The answer, of what runs have logged, by their ids. Of each no more is held than the answer has. `points`: of a curve, at
    most."""
    curves: dict[str, dict[str, Any]] = {}
    clocks = {}
    for run, logged in found:
        for name, series in logged.series.items():
            of_all = curves.setdefault(name, {})
            if series.curve:
                of_all[run] = curve(series, points)
        if told := clock(logged):
            clocks[run] = told
    return {"curves": curves, "clocks": clocks}


def curve(series: Series, points: int) -> dict[str, Any]:
    """One curve with at most so many points."""
    found = thinned(series.curve, points)
    shown: dict[str, Any] = {"at": steps(found.at), "last": _short(found.last)}
    if found.low != found.high:
        shown |= {"low": _short(found.low), "high": _short(found.high)}
    return shown | {"odd": series.odd}


def clock(logged: Logged) -> dict[str, Any] | None:
    """When the run was at which step: of the metric that was logged most often."""
    timed = [[each for each in series.curve if each.time is not None] for series in logged.series.values()]
    begin = min((each[0].time for each in timed if each and each[0].time is not None), default=None)
    if begin is None:
        return None
    longest = max(timed, key=lambda each: (each[-1].at - each[0].at, len(each)) if each else (-1, 0))
    knots = _spread(list({each.at: each for each in reversed(longest)}.values())[::-1], KNOTS)  # the first row of each step
    return {
        "begin": round(begin, 3),
        "at": steps([each.at for each in knots]),
        "seconds": [round(each.time - begin, 3) for each in knots if each.time is not None],
    }


def _spread(points: Sequence[Point], most: int) -> Sequence[Point]:
    """The first, the last, and some in between at even distances."""
    if len(points) <= most:
        return points
    return [points[index * (len(points) - 1) // (most - 1)] for index in range(most)]


def steps(found: Sequence[float]) -> Any:
    """As the answer has them.

    >>> steps([0, 10, 20]), steps([0, 1, 3]), steps([5])
    ({'from': 0, 'by': 10, 'count': 3}, [0, 1, 3], [5])
    """
    if len(found) > 2:
        by = found[1] - found[0]
        if all(value == found[0] + by * index for index, value in enumerate(found)):
            return {"from": found[0], "by": by, "count": len(found)}
    return list(found)


def _short(values: Sequence[float]) -> list[float]:
    """
    >>> _short([0.123456789, 12345678.9, 3, 1e-9]), _short([0.5, 2.0, -1e300])
    ([0.12346, 12346000.0, 3, 1e-09], [0.5, 2, -1e+300])
    """
    if int in map(type, values):
        return [value if isinstance(value, int) else _rounded(value) for value in values]
    found: list[float] = json.loads(f"[{_format(len(values)) % tuple(values)}]")  # each for itself costs three times as much
    return found if math.inf not in found and -math.inf not in found else [_rounded(value) for value in values]


def _rounded(value: float) -> float:
    """The largest numbers that there are stay as they are: rounded up they would be infinite."""
    found = float(f"{value:.{DIGITS}g}")
    return found if math.isfinite(found) else value


@lru_cache
def _format(count: int) -> str:
    return ",".join([f"%.{DIGITS}g"] * count)
