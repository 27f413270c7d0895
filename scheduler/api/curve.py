"""Curves of what a job has logged, as values of Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, overload

from scheduler.actions.curves import Spot
from scheduler.api.rows import Rows, frame
from scheduler.report import notebook
from scheduler.report.text import number
from scheduler.tracking import logged
from scheduler.tracking.logged import Series


class Point(NamedTuple):
    """Some rows that follow one another: `step` and `time` (seconds since 1970) are those of the first, `value` is the last."""

    step: float
    time: float | None
    value: float
    low: float
    high: float


class Curve(Rows[Point]):
    """The points of a metric, 512 at most however many rows there were: where a point stands for several, `low` and `high` are
    their extremes."""

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | Sequence[Point]:
        return self._items[index]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each point. ImportError without pandas."""
        return frame([point._asdict() for point in self])

    def _repr_html_(self) -> str:
        return notebook.chart([_spots(self)], "a curve by step") if self else super()._repr_html_()


def _spots(points: Iterable[Point]) -> list[Spot]:
    found = [logged.Point(each.step, each.time, each.low, each.high, each.value) for each in points]
    return [Spot(each.at, each, each.last) for each in found]


def curve_of(series: Series) -> Curve:
    """The points of a series."""
    points = [Point(at, time, last, low, high) for at, time, low, high, last in series.curve]
    return Curve(points, [{name: number(value) for name, value in point._asdict().items()} for point in points])
