"""Curves drawn with characters."""

from __future__ import annotations

import io
import math

import pytest

from scheduler.actions.curves import Spot, smoothed, spots
from scheduler.report import notebook
from scheduler.report.canvas import Canvas
from scheduler.report.chart import chart, frame_of
from scheduler.terminal import has_colours, knows_unicode, paint
from scheduler.tracking.logged import Gathering, Point
from scheduler.tracking.readers.rows import Row


def line(*values: float, first: float = 0.0) -> list[Spot]:
    return [Spot(first + at, Point(first + at, None, value, value, value), value) for at, value in enumerate(values)]


def text(rows: list[list[tuple[str, int | None]]]) -> list[str]:
    return ["".join(piece for piece, _ in row).rstrip() for row in rows]


def test_a_dot_is_the_bit_that_unicode_gives_it() -> None:
    """Two across and four down in a character; one bit wrong and every line is crooked."""
    canvas = Canvas(2, 1)
    for x, y in [(0, 0), (1, 3), (2, 1)]:
        canvas.dot(x, y, 0)
    canvas.dot(4, 0, 0)
    canvas.dot(-1, 0, 0)
    assert text(canvas.rows()) == [chr(0x2800 + 0x01 + 0x80) + chr(0x2800 + 0x02)]


def test_a_line_has_no_holes_in_any_direction() -> None:
    """Also where it is steep."""
    for end in [(7, 3), (3, 7), (0, 7), (7, 0), (7, 7)]:
        canvas = Canvas(4, 2)
        canvas.line(0, 0, *end, 0)
        dots = sum(bin(ord(char) - 0x2800).count("1") for row in text(canvas.rows()) for char in row if char != " ")
        assert dots == max(end) + 1


def test_a_curve_goes_from_the_upper_left_to_the_lower_right_with_its_axes() -> None:
    """The figure that everybody knows: a loss that falls."""
    drawn = text(chart([line(4, 3, 2, 1)], 28, 6, marks=True))
    assert drawn[0].startswith("4 |*")
    assert drawn[3].startswith("1 |")
    assert drawn[3].endswith("*")
    assert [drawn[4], drawn[5].split()] == ["  +-------------------------", ["0", "1.5", "3"]]


def test_what_a_point_stands_for_is_drawn_from_its_least_to_its_greatest() -> None:
    """Half a million rows are 512 points, and the one row in which it exploded must be seen."""
    spike = [Spot(0, Point(0, None, 1, 1, 1), 1), Spot(1, Point(1, None, 1, 9, 1), 1), Spot(2, Point(2, None, 1, 1, 1), 1)]
    drawn = text(chart([spike], 40, 12, marks=True))
    assert drawn[0].lstrip().startswith("9 |")
    assert all("*" in row for row in drawn[:10])


def test_a_gap_is_left_where_numbers_were_none() -> None:
    """A line across it would be an invention."""

    def columns(broken: bool) -> int:
        found = [*line(1, 1), Spot(8, Point(8, None, 1, 1, 1), 1, after_gap=broken), *line(1, first=9)]
        return max(row.count("*") for row in text(chart([found], 40, 6, marks=True)))

    assert columns(broken=True) < columns(broken=False) / 2


def test_nan_rows_make_a_gap_and_rows_that_are_only_far_apart_do_not() -> None:
    """A value that is logged each tenth step is no gap; what is missing among ten is."""
    gathering = Gathering()
    gathering.take(Row(10 * step, {"loss": math.nan if step in (4, 5) else 1.0, "other": 1.0}) for step in range(10))
    found = gathering.logged("")
    assert [spot.x for spot in spots(found, found.series["loss"], "step") if spot.after_gap] == [60]
    assert not [spot for spot in spots(found, found.series["other"], "step") if spot.after_gap]


def test_the_x_axis_may_be_time_or_another_metric() -> None:
    """Two batch sizes are compared by epoch or by the clock, not by step."""
    gathering = Gathering()
    gathering.take([Row(0, {"epoch": 0}, 100.0), Row(5, {"loss": 2.0}, 101.0), Row(10, {"epoch": 1, "loss": 1.0}, 102.5)])
    found = gathering.logged("")
    loss = found.series["loss"]
    assert [spot.x for spot in spots(found, loss, "time")] == [1.0, 2.5]
    assert [spot.x for spot in spots(found, loss, "epoch")] == [0, 1]


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm() -> None:
    """And says nothing of the rest."""
    frame = frame_of(line(1.0, 100.0), log=True)
    assert frame is not None
    assert frame.height_at(0.5) == pytest.approx(10.0)
    assert chart([line(0.0, -1.0)], 40, 8, log=True) == []
    assert text(chart([line(100.0, 0.0, 1.0)], 40, 8, log=True, marks=True))[0].startswith("100 |*")


@pytest.mark.parametrize("values", [(1.0,), (0.0, 0.0), (math.inf, 1.0), (1e300, -1e300), (5.0, 5.0, 5.0)])
def test_whatever_was_logged_makes_a_chart(values: tuple[float, ...]) -> None:
    """One point, a level line, infinities: no division by nothing."""
    rows = text(chart([line(*values)], 40, 8, marks=True))
    assert sum("*" in row for row in rows) >= 1
    assert len(rows) == 8
    assert chart([[]], 40, 8) == []


@pytest.mark.parametrize(
    ("values", "log"),
    [((-1.7e308, 0.0, 1.7e308), False), ((1.79e308, 1.79e308), False), ((1e300, 1e300), True)],
)
def test_numbers_at_the_end_of_what_there_is_make_a_chart(values: tuple[float, ...], log: bool) -> None:
    """The difference of two of them is infinite, and a place that is no number ended the whole command."""
    rows = text(chart([line(*values)], 40, 8, log=log, marks=True))
    assert sum("*" in row for row in rows) >= 1
    assert not any("inf" in row or "nan" in row for row in rows)
    drawn = notebook.chart([line(*values)], "loss by step")
    assert not any(word in drawn for word in ("inf", "nan"))


def test_the_middle_of_far_ends_lies_in_the_middle() -> None:
    """Where it is, and what stands beside it."""
    frame = frame_of(line(-1.7e308, 1.7e308))
    assert frame is not None
    assert (frame.up(0.0), frame.height_at(0.5), frame.up(1.7e308)) == (0.5, 0.0, 1.0)


def test_lines_that_cross_keep_their_pens_and_the_first_is_never_covered() -> None:
    """The first is the best of them."""
    rows = chart([line(1, 2), line(2, 1)], 40, 8)
    assert {pen for row in rows for _, pen in row} == {0, 1, None}
    level = chart([line(1, 1), line(1, 1)], 40, 8)
    assert {pen for row in level for _, pen in row} == {0, None}


def test_smoothing_does_not_begin_at_zero() -> None:
    """The mean without its correction falls from above nothing to the curve."""
    assert [spot.value for spot in smoothed(line(2.0, 2.0, 2.0), 0.9)] == pytest.approx([2.0, 2.0, 2.0])
    assert smoothed(line(1.0, 3.0), 0.0) == line(1.0, 3.0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe they are rubbish, and NO_COLOR is somebody's word."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert (has_colours(Terminal()), has_colours(io.StringIO())) == (True, False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colours(Terminal())
    assert knows_unicode(io.TextIOWrapper(io.BytesIO(), encoding="UTF-8"))
    assert not knows_unicode(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))


def test_a_name_from_outside_cannot_paint() -> None:
    """The colours are ours; what stands between them is made safe."""
    file = io.StringIO()
    paint([("a\033[2J", 1), ("b", None), ("c", 12)], file, coloured=True)
    paint([("a", 1)], file, coloured=False)
    assert file.getvalue() == "\033[31ma\\x1b[2J\033[0mb\033[94mc\033[0m\na\n"
