"""A log in two pieces: what an attempt has logged that goes on where an earlier one was."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduler.tracking.gone_on import gone_on
from scheduler.tracking.logged import POINTS, Gathering, Logged, Point
from scheduler.tracking.readers.rows import Row

NAN = float("nan")


def logged(rows: Iterable[tuple[int | None, dict]], source: str = "metric log") -> Logged:
    gathering = Gathering()
    gathering.take(Row(step, values, time=None if step is None else 1000.0 + step) for step, values in rows)
    return gathering.logged(source)


def losses(*steps: int, **others: float) -> list[tuple[int | None, dict]]:
    """Loss is 100 - step, but for the steps that are named so: `s5=1`."""
    return [(step, {"loss": others.get(f"s{step}", 100.0 - step)}) for step in steps]


def test_the_best_value_and_the_curve_are_those_of_both_pieces() -> None:
    """Those of the last piece alone were told as if they were all: a best epoch before the interruption was lost."""
    found = gone_on(logged(losses(*range(10), s5=1.0)), logged(losses(*range(10, 20)))).series["loss"]
    assert found.best("minimize") == (1.0, 5)
    assert (found.count, found.first, found.last) == (20, 100.0, 81.0)
    assert [point.at for point in found.curve] == list(range(20))


def test_what_was_done_again_counts_as_it_was_the_second_time() -> None:
    """Steps 7 to 9 were lost with the process, and so was their best value."""
    first = logged([*losses(*range(10), s8=1.0, s9=500.0), (9, {"text": "lost"})])
    found = gone_on(first, logged(losses(*range(7, 20))))
    series = found.series["loss"]
    assert (series.best("minimize"), series.best("maximize")) == ((81.0, 19), (100.0, 0))
    assert (series.count, found.step) == (20, 19)
    assert [(point.at, point.last) for point in series.curve] == [(step, 100.0 - step) for step in range(20)]


def test_a_name_that_only_one_piece_has_stays_as_it_was() -> None:
    """What is logged once, at the beginning or at the end."""
    found = gone_on(logged([(0, {"size": 7}), *losses(1, 2)]), logged([*losses(3), (4, {"test": 0.5})]))
    assert dict(found.last) == {"size": 7, "loss": 97.0, "test": 0.5}
    assert {name: each.count for name, each in found.series.items()} == {"size": 1, "loss": 3, "test": 1}
    again = gone_on(logged([*losses(0, 1), (1, {"x": 1}), (5, {"x": 2, "late": 1})]), logged(losses(2, 3)))
    assert dict(again.last) == {"loss": 97.0, "x": 1}, "what was done again, and not said again, is not there"
    assert {name: each.last for name, each in again.series.items()} == again.last


def test_a_training_that_begins_anew_counts_alone() -> None:
    """A retry from the start has nothing of what failed before it."""
    failed, anew = logged(losses(*range(5), s2=-1.0)), logged(losses(*range(3)))
    assert gone_on(failed, anew) == anew
    assert gone_on(failed, logged(losses(5), "W&B log")).rows == 1, "the names of another kind of log mean something else"
    without_steps = logged([(None, {"loss": 1.0})] * 3)
    assert gone_on(without_steps, logged(losses(7))).rows == 1
    assert gone_on(failed, without_steps) == without_steps


def test_as_long_as_nothing_is_logged_since_it_stands_where_it_was() -> None:
    """An attempt that has just begun, or ended at once, has done nothing to what was there."""
    before = logged(losses(0, 1))
    assert gone_on(before, Logged()) == before


def test_values_that_are_not_finite_are_neither_best_nor_lost() -> None:
    """They count, in either piece."""
    found = gone_on(logged(losses(0, 1, s1=NAN)), logged(losses(2, 3, s3=math.inf))).series["loss"]
    assert (found.count, found.odd, found.low, found.high) == (4, 2, 98.0, 100.0)
    nothing = gone_on(logged([(0, {"loss": 5.0, "x": NAN})]), logged([(1, {"loss": 4.0, "x": NAN})])).series["x"]
    assert (nothing.count, nothing.odd, nothing.low, nothing.curve) == (2, 2, None, ())


def test_a_curve_of_two_long_pieces_is_no_longer_than_any() -> None:
    """Their extremes stay in it."""
    rows = losses(*range(3 * POINTS), s700=-5000.0)
    found = gone_on(logged(rows[: 2 * POINTS]), logged(rows[2 * POINTS :])).series["loss"]
    assert POINTS / 4 < len(found.curve) <= POINTS
    assert (min(point.low for point in found.curve), found.low, found.low_at) == (-5000.0, -5000.0, 700)
    assert found.count == 3 * POINTS


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=40), st.data())
def test_two_pieces_are_the_log_that_one_attempt_would_have_written(values: list[float], data: st.DataObject) -> None:
    """Wherever it was interrupted, and however much of it was done again."""
    cut = data.draw(st.integers(1, len(values) - 1))
    over = data.draw(st.integers(0, len(values)))
    whole = [(step, {"loss": value}) for step, value in enumerate(values)]
    lost = [(step, {"loss": -99.0}) for step in range(cut, over)]
    once = logged(whole)
    assert gone_on(logged([*whole[:cut], *lost]), logged(whole[cut:])) == replace(once, time=once.time)


def test_a_point_for_many_rows_that_lies_before_the_cut_is_kept_whole() -> None:
    """Of a long log a point stands for several rows; those of the last one kept may have been done again."""
    before = Gathering()
    before.take(Row(step, {"loss": float(step)}) for step in range(2 * POINTS))
    found = gone_on(before.logged("x"), replace(logged([(POINTS, {"loss": -1.0})]), source="x")).series["loss"]
    assert found.curve[POINTS // 2 - 1] == Point(POINTS - 2, None, POINTS - 2, POINTS - 1, POINTS - 1)
    assert (found.high, found.count) == (POINTS - 1, POINTS + 1)
