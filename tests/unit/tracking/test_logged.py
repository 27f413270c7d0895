"""What is kept of a log has a bounded size, and says the truth about the rows it stands for."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from scheduler.tracking.logged import CURVES, NAMES, POINTS, Gathering, Logged, restored
from scheduler.tracking.readers.rows import Row


def gathered(rows: list[Row]) -> Logged:
    gathering = Gathering()
    gathering.take(rows)
    return gathering.logged("metric log")


def test_a_short_log_is_kept_row_by_row() -> None:
    """As long as there is room for every row, nothing may be smoothed away."""
    found = gathered([Row(step, {"loss": 1 / (step + 1)}, 100.0 + step) for step in range(POINTS)])
    curve = found.series["loss"].curve
    assert [(point.at, point.time, point.last) for point in curve] == [(n, 100.0 + n, 1 / (n + 1)) for n in range(POINTS)]
    assert (found.rows, found.step, found.time) == (POINTS, POINTS - 1, 100.0 + POINTS - 1)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4 * POINTS), st.integers(1, 3))
def test_a_curve_never_hides_an_extreme(values: list[float], times: int) -> None:
    """A spike of one row among a million is what people look for."""
    values = values * times
    found = gathered([Row(None, {"loss": value}) for value in values]).series["loss"]
    assert len(found.curve) <= POINTS
    assert (min(point.low for point in found.curve), max(point.high for point in found.curve)) == (min(values), max(values))
    assert (found.low, found.low_at) == (min(values), values.index(min(values)))
    assert (found.high, found.high_at) == (max(values), values.index(max(values)))
    assert (found.first, found.last, found.curve[-1].last, found.count) == (values[0], values[-1], values[-1], len(values))
    places = [int(point.at) for point in found.curve]
    for point, start, end in zip(found.curve, places, [*places[1:], len(values)], strict=True):
        assert (point.low, point.high) == (min(values[start:end]), max(values[start:end]))
        assert point.last == values[end - 1]


def test_what_is_no_number_is_told_and_not_drawn() -> None:
    """A loss that became NaN is a result; a curve with a hole in its minimum is none."""
    found = gathered([Row(1, {"loss": 2.0, "name": "a"}), Row(2, {"loss": math.nan, "name": "b"}), Row(3, {"ok": True})])
    series = found.series["loss"]
    assert (series.count, series.odd, series.low, series.high) == (2, 1, 2.0, 2.0)
    assert math.isnan(series.last)
    assert len(series.curve) == 1
    assert list(found.last) == ["loss", "name", "ok"]
    assert found.last["name"] == "b"
    assert "name" not in found.series
    only = gathered([Row(1, {"loss": math.inf})]).series["loss"]
    assert (only.first, only.low, only.best("minimize"), only.curve) == (None, None, None, ())


def test_the_best_value_goes_with_where_it_was_reached_first() -> None:
    """Two epochs may be equally good; the earlier one is what a person wants."""
    series = gathered([Row(step, {"acc": value}) for step, value in enumerate([0.1, 0.9, 0.2, 0.9])]).series["acc"]
    assert series.best("maximize") == (0.9, 1)
    assert series.best("minimize") == (0.1, 0)


def test_whole_numbers_stay_whole() -> None:
    """A best epoch of 11.0 beside a last one of 11; of more digits than a float has, nothing is reckoned with all of them."""
    series = gathered([Row(None, {"epoch": value, "bytes": 2**60 + value, "endless": 10**400}) for value in (7, 11)]).series
    epoch = series["epoch"]
    assert str((epoch.first, epoch.low, epoch.high, epoch.last, *epoch.curve[0][2:])) == "(7, 7, 11, 11, 7, 7, 7)"
    assert str(series["bytes"].high) == str(float(2**60 + 11))
    assert "endless" not in series


def test_names_without_end_do_not_fill_the_memory() -> None:
    """Somebody logs the loss of every image under a name of its own."""
    found = gathered([Row(step, {f"image_{step}": 1.0}) for step in range(NAMES + 10)])
    assert (len(found.last), len(found.series), found.rows) == (NAMES, CURVES, NAMES + 10)


def test_it_comes_back_from_json_as_it_was() -> None:
    """The store keeps it as text; NaN and whole numbers must survive."""
    rows = [Row(step, {"loss": 1.0 / (1 + step), "text": "x", "bad": math.inf}, None) for step in range(3 * POINTS)]
    found = gathered(rows)
    short, curves = json.loads(json.dumps(found.without_curves())), json.loads(json.dumps(found.curves()))
    assert restored(short, curves) == found
    bare = restored(short)
    assert bare.series["loss"].curve == ()
    assert bare.series["loss"].low == found.series["loss"].low


STEPS = st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=1, max_size=60)


@given(STEPS, st.integers(1, 40))
def test_a_curve_never_goes_back_whatever_the_steps_do(steps: list[int | None], times: int) -> None:
    """A script that restores a checkpoint logs steps again: a line that runs back over itself is no curve, and all that looks for
    a place in one looks by halves."""
    rows = [Row(step, {"loss": float(number)}) for number, step in enumerate(steps * times)]
    found = gathered(rows).series["loss"]
    places = [point.at for point in found.curve]
    assert places == sorted(places)
    assert found.curve[-1].last == len(rows) - 1
    assert found.count == len(rows)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_what_is_logged_again_replaces_what_was_there_from_that_step_on(steps: list[int]) -> None:
    """As TensorBoard draws a training that went on from a checkpoint: what came after that belongs to weights that are gone."""
    backwards = [number for number in range(1, len(steps)) if steps[number] < steps[number - 1]]
    values = list(enumerate(steps))
    kept = [(s, float(n)) for n, s in values if not any(later > n and steps[later] <= s for later in backwards)]
    found = gathered([Row(step, {"loss": float(n)}) for n, step in values]).series["loss"].curve
    assert [(point.at, point.last) for point in found] == kept


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_a_curve_that_was_kept_before_is_put_right_when_it_is_read(steps: list[int]) -> None:
    """The store of before has curves as they came, whose logs may be gone."""
    rows = [Row(step, {"loss": float(number)}) for number, step in enumerate(steps)]
    short = gathered(rows).without_curves()
    as_it_came = {"loss": [[row.step, None, row.values["loss"], row.values["loss"], row.values["loss"]] for row in rows]}
    assert restored(short, as_it_came) == gathered(rows)


def test_a_row_without_a_step_stands_where_the_row_before_it_does() -> None:
    """A script that logs its test score at the end without a step has not gone back to where the number of rows would be."""
    rows = [*(Row(step, {"loss": 1.0}) for step in range(0, 1000, 100)), Row(None, {"loss": 0.5})]
    assert [point.at for point in gathered(rows).series["loss"].curve][-2:] == [900, 900]


def test_what_is_logged_again_begins_a_point_of_its_own_however_many_rows_a_point_stands_for() -> None:
    """In a long log the last point has room for more rows: the first one after a restore must not become a part of it."""
    steps = [*range(POINTS + 1), POINTS - 1]  # two rows to a point, and of the last one alone the first
    curve = gathered([Row(step, {"loss": float(number)}) for number, step in enumerate(steps)]).series["loss"].curve
    assert [point.at for point in curve][-2:] == [POINTS - 2, POINTS - 1]
