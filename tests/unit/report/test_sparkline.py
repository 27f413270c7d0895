"""A curve in one line."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from scheduler.report.sparkline import sparkline
from scheduler.tracking.logged import Gathering, Point
from scheduler.tracking.readers.rows import Row


def curve(*values: float) -> list[Point]:
    return [Point(place, None, value, value, value) for place, value in enumerate(values)]


def test_the_lowest_value_is_the_lowest_block_and_the_highest_the_highest() -> None:
    """Eight blocks, eight values."""
    assert sparkline(curve(0, 1, 2, 3, 4, 5, 6, 7), 8) == "▁▂▃▄▅▆▇█"


def test_a_long_curve_is_drawn_in_the_columns_that_there_are() -> None:
    """Its end is what people look for."""
    assert sparkline(curve(*range(100)), 4) == "▁▃▆█"


def test_a_curve_that_stands_still_is_a_line_in_the_middle() -> None:
    """Nothing divides by nothing."""
    assert sparkline(curve(2, 2, 2), 8) == "▅▅▅"


def test_one_point_is_no_curve() -> None:
    """It would look like a result."""
    assert sparkline(curve(1), 8) == sparkline((), 8) == sparkline(curve(1, 2), 0) == ""


def test_what_is_not_finite_is_a_gap_where_it_was_logged() -> None:
    """A loss that was NaN for a while, and one that ends so, are seen at once."""
    gathering = Gathering()
    gathering.take(Row(step, {"loss": value}) for step, value in enumerate([4, 3, math.nan, math.inf, 2, 1]))
    series = gathering.logged("").series["loss"]
    assert sparkline(series.curve, 8, series.odd) == "█▆  ▃▁"
    assert sparkline(curve(4, 3), 8, 2, until=3.0) == "█▁  "


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=50), st.integers(0, 60), st.integers(0, 5))
def test_no_curve_is_wider_than_asked_for(values: list[float], width: int, odd: int) -> None:
    """Whatever the values are: the largest floats, too."""
    assert len(sparkline(curve(*values), width, odd)) <= width
