"""All that one attempt has logged, in a size that does not grow with its rows: what tables, curves and comparisons show."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from operator import le
from typing import Any, NamedTuple

from scheduler.goals import MAXIMIZE
from scheduler.tracking.readers.rows import Row
from scheduler.values import dataclass

POINTS = 512  # of a curve, at most: more than a terminal has columns, and half of what a page has
CURVES = 256  # names that have a curve; of any more, which are rather cells of a table, the last value is kept
NAMES = 4096  # names of which anything is kept
LONGEST_TEXT = 1000  # characters of a text
EXACT = 1 << 53  # up to here a float holds every whole number


class Point(NamedTuple):
    """Rows that follow one another, as one point of a curve: `at` and `time` are those of the first of them."""

    at: float  # its step; where steps are not logged, how many rows came before it
    time: float | None  # seconds since 1970
    low: float
    high: float
    last: float


@dataclass(frozen=True)
class Series:
    """The numbers under one name. NaN and infinities count in `odd`, and may be `last`; all else is of the finite ones, and None
    where there are none. `low_at` and `high_at` are where the extremes were reached first, as in `Point.at`."""

    count: int
    odd: int
    last: float
    first: float | None = None
    low: float | None = None
    high: float | None = None
    low_at: float | None = None
    high_at: float | None = None
    curve: tuple[Point, ...] = ()

    def best(self, goal: str) -> tuple[float, float] | None:
        """The best value for `goal`, "minimize" or "maximize", and where it was reached first."""
        value, at = (self.high, self.high_at) if goal == MAXIMIZE else (self.low, self.low_at)
        return None if value is None or at is None else (value, at)


@dataclass(frozen=True)
class Logged:
    """What was logged. `source` is where the rows come from, one of `kinds.ORDER` ("": nothing was logged); `last` holds of every
    name its last value, texts too, in the order of their first appearance."""

    source: str = ""
    rows: int = 0
    step: int | None = None  # of the last row that has one
    time: float | None = None  # of the last row that has one, in seconds since 1970
    last: Mapping[str, Any] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)

    def without_curves(self) -> dict[str, Any]:
        """As plain values for JSON: small, and all that a table needs."""
        short = {name: _numbers(each) for name, each in self.series.items()}
        return {**{name: getattr(self, name) for name in _HEAD}, "last": dict(self.last), "series": short}

    def curves(self) -> dict[str, list[list[float | None]]]:
        """The rest, as plain values for JSON."""
        return {name: [list(point) for point in each.curve] for name, each in self.series.items()}


_HEAD = ("source", "rows", "step", "time")
_NUMBERS = ("count", "odd", "last", "first", "low", "high", "low_at", "high_at")


def restored(found: Mapping[str, Any], curves: Mapping[str, Any] | None = None) -> Logged:
    """What `without_curves` and `curves` were made from; without `curves` all but these."""
    short = _Short(found["series"])
    series = short if curves is None else {name: replace(each, curve=_curve(curves, name)) for name, each in short.items()}
    return Logged(**{name: found[name] for name in _HEAD}, last=found["last"], series=series)


def _curve(curves: Mapping[str, Any], name: str) -> tuple[Point, ...]:
    """Of points that were kept before curves went only forward, those that count."""
    points = list(map(_POINT, curves.get(name, ())))
    places = [point.at for point in points]
    if not all(map(le, places, places[1:])):
        points, given = [], points
        for point in given:
            _go_back(points, point.at)
            points.append(point)
    return tuple(points)


def _go_back(points: list[Point], at: float) -> None:
    """Take away what lies behind a place. Rows of before that share a point with earlier ones stay."""
    if points and at < points[-1].at:
        del points[bisect_left(points, at, key=lambda point: point.at) :]


_POINT: Callable[[Iterable[Any]], Point] = partial(
    tuple.__new__, Point
)  # Point(*row), of which a page of 1,000 runs has millions


class _Short(Mapping[str, Series]):
    """Series without curves, each made when it is asked for: of thousands of attempts most are compared by one of their many."""

    def __init__(self, numbers: Mapping[str, Sequence[Any]]) -> None:
        self._numbers = numbers

    def __getitem__(self, name: str) -> Series:
        return Series(*self._numbers[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, name: object) -> bool:
        return name in self._numbers


def _numbers(series: Series) -> list[float | None]:
    return [getattr(series, name) for name in _NUMBERS]


class Gathering:
    """Takes in the rows of one log as they come. A row costs the same however many came before, and so does the memory."""

    def __init__(self, only: Collection[str] = ()) -> None:
        """`only`: the names that have a curve; without any, the first CURVES of numbers."""
        self._only = only
        self.rows = 0
        self._step: int | None = None
        self._time: float | None = None
        self._last: dict[str, Any] = {}
        self._traces: dict[str, _Trace] = {}

    def take(self, rows: Iterable[Row]) -> None:
        """Take in rows that come after all earlier ones."""
        for row in rows:
            at = place_of(row, self.rows, self._step)
            for name, value in flat(row.values):
                self._value(name, value, at, row.time)
            self.rows += 1
            self._step = self._step if row.step is None else row.step
            self._time = self._time if row.time is None else row.time

    def logged(self, source: str) -> Logged:
        """What there is by now."""
        series = {name: trace.series() for name, trace in self._traces.items()}
        return Logged(source, self.rows, self._step, self._time, dict(self._last), series)

    def _value(self, name: str, value: Any, at: float, time: float | None) -> None:
        if name not in self._last and len(self._last) >= NAMES:
            return
        self._last[name] = value[:LONGEST_TEXT] if isinstance(value, str) else value
        number = _number(value)
        if number is None:
            return
        trace = self._traces.get(name)
        if trace is None:
            if name not in self._only if self._only else len(self._traces) >= CURVES:
                return
            trace = self._traces[name] = _Trace()
        trace.take(at, time, number)


def place_of(row: Row, before: int, step: int | None) -> float:
    """Where a row stands on a curve, after so many others of which the last with a step had this one.

    >>> place_of(Row(7, {}), 3, 6), place_of(Row(None, {}), 3, None), place_of(Row(None, {}), 3, 6)
    (7, 3, 6)
    """
    if row.step is not None:
        return row.step
    return before if step is None else step


def flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers, truth values and texts of a row by name, `a.b` for what lies inside another. What begins with `_` belongs to
    the tracker, and a value with a `_type` is an image or a histogram.

    >>> list(flat({"loss": 1, "val": {"cer": 0.5}, "_wandb": {"runtime": 3}, "seen": {"_type": "image-file"}, "ids": [1, 2]}))
    [('loss', 1), ('val.cer', 0.5)]
    """
    for name, value in values.items():
        if str(name).startswith("_"):
            continue
        if isinstance(value, Mapping):
            if "_type" not in value:
                yield from flat(value, f"{before}{name}.")
        elif isinstance(value, (bool, int, float, str)):
            yield f"{before}{name}", value


def _number(value: Any) -> float | None:
    """As it was logged: a whole number stays one, up to EXACT. None of what no float could be."""
    if isinstance(value, (bool, str)):
        return None
    try:
        return value if isinstance(value, int) and abs(value) <= EXACT else float(value)
    except OverflowError:
        return None


class _Trace:
    """The numbers under one name. Each point of the curve stands for `_span` rows; when there are too many, two become one."""

    def __init__(self) -> None:
        self._count = self._odd = 0
        self._last = math.nan
        self._first: float | None = None
        self._low, self._low_at, self._high, self._high_at = math.inf, math.nan, -math.inf, math.nan
        self._points: list[Point] = []
        self._span, self._room = 1, 0  # rows of a point, and how many more the last one takes
        self._at = -math.inf  # of the last row that is drawn

    def take(self, at: float, time: float | None, value: float) -> None:
        self._count += 1
        self._last = value
        if not math.isfinite(value):
            self._odd += 1
            return
        self._first = value if self._first is None else self._first
        if value < self._low:
            self._low, self._low_at = value, at
        if value > self._high:
            self._high, self._high_at = value, at
        self._draw(at, time, value)

    def series(self) -> Series:
        if self._first is None:
            return Series(self._count, self._odd, self._last)
        low, high, low_at, high_at = self._low, self._high, self._low_at, self._high_at
        return Series(self._count, self._odd, self._last, self._first, low, high, low_at, high_at, tuple(self._points))

    def _draw(self, at: float, time: float | None, value: float) -> None:
        if at < self._at:
            _go_back(self._points, at)
            self._room = 0
        self._at = at
        if self._room:
            self._room -= 1
            self._points[-1] = joined(self._points[-1], Point(at, time, value, value, value))
            return
        if len(self._points) == POINTS:
            self._points = [joined(*pair) for pair in zip(self._points[::2], self._points[1::2], strict=True)]
            self._span *= 2
        self._points.append(Point(at, time, value, value, value))
        self._room = self._span - 1


class Columns(NamedTuple):
    """The points of a curve, as in Point, without their times."""

    at: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    last: Sequence[float]


def thinned(points: Sequence[Point], most: int) -> Columns:
    """A curve of at most `most` points, each for as many of the given ones as any other but for the last."""
    at, _, low, high, last = zip(*points, strict=True) if points else ((),) * 5
    span, count = -(-len(points) // most), len(points)
    if span <= 1:
        return Columns(at, low, high, last)
    starts = range(0, count, span)
    return Columns(
        at[::span],
        [min(low[start : start + span]) for start in starts],
        [max(high[start : start + span]) for start in starts],
        [last[min(start + span, count) - 1] for start in starts],
    )


def joined(one: Point, other: Point) -> Point:
    """Two points that follow one another as one."""
    return Point(one.at, one.time, min(one.low, other.low), max(one.high, other.high), other.last)
