"""The rows of a trial that goes on: those of the earlier attempt stand once before the first of the later one."""

from __future__ import annotations

from scheduler.sweeps.engine.whole_rows import WholeRows
from scheduler.tracking.readers.rows import Row

EARLIER = [Row(step, {"loss": step}) for step in range(4)]


def test_they_come_once_before_the_first_and_again_where_all_begins_anew() -> None:
    """Rows are read as they come, and another log may take the place of the first one."""
    whole = WholeRows(lambda: ("metric log", EARLIER))
    assert whole.of([], "", anew=False) == []
    assert [row.step for row in whole.of([Row(3), Row(4)], "metric log", anew=False)] == [0, 1, 2, 3, 4]
    assert [row.step for row in whole.of([Row(5)], "metric log", anew=False)] == [5]
    assert [row.step for row in whole.of([Row(2), Row(3)], "metric log", anew=True)] == [0, 1, 2, 3]


def test_the_rows_of_another_kind_of_log_are_not_those_of_this_one() -> None:
    """Rows of two logs are never mixed."""
    whole = WholeRows(lambda: ("output", EARLIER))
    assert [row.step for row in whole.of([Row(5)], "metric log", anew=False)] == [5]
