"""What counts of what is seen of jobs as evidence of how fast they are."""

from __future__ import annotations

from scheduler.pacing.meter import Meter, Worked
from scheduler.tracking.left import Grown


def test_rows_count_between_two_looks_at_which_the_same_jobs_ran() -> None:
    """When another has come, what was logged while it came is of no level."""
    meter = Meter()
    assert meter.look({"a": Grown(10, 5.0)}, 5.0) == []
    assert meter.look({"a": Grown(14, 7.0)}, 7.0) == [Worked("a", 1, 4, 2.0)]
    assert meter.look({"a": Grown(16, 8.0), "b": Grown(3, 8.0)}, 8.0) == []
    assert meter.look({"a": Grown(17, 9.0), "b": Grown(5, 9.0)}, 9.0) == [Worked("a", 2, 1, 1.0), Worked("b", 2, 2, 1.0)]


def test_nothing_counts_while_one_of_them_is_still_being_loaded() -> None:
    """It takes its cores, and the others are slow for it; one that never logs is waited for no longer than a while."""
    meter = Meter()
    for second in range(20):
        assert meter.look({"a": Grown(second, float(second)), "b": Grown()}, float(second)) == []
    meter.look({"a": Grown(21, 21.0), "b": Grown()}, 21.0)
    assert meter.look({"a": Grown(22, 22.0), "b": Grown()}, 22.0) == [Worked("a", 2, 1, 1.0)]


def test_what_does_not_count_is_no_level_and_breaks_what_does() -> None:
    """Jobs of another program ran beside them, or one was paused."""
    meter = Meter()
    meter.look({"a": Grown(10, 5.0)}, 5.0)
    assert meter.look({"a": Grown(12, 6.0)}, 6.0, counts=False) == []
    assert meter.look({"a": Grown(14, 9.0)}, 9.0) == []
    assert meter.look({"a": Grown(15, 10.0)}, 10.0) == [Worked("a", 1, 1, 1.0)]


def test_a_whole_job_tells_of_the_level_at_which_it_nearly_always_was() -> None:
    """And of none if it was at two, or had run before anybody looked; one that is over before the first look counts, too."""
    meter = Meter()
    for second in range(20):
        meter.look({"a": Grown()}, float(second))
    meter.look({"a": Grown(), "b": Grown()}, 20.0)
    assert meter.level_of("a", 21.0, 21.0) == 1
    assert meter.level_of("a", 60.0, 21.0) is None
    for second in range(21, 40):
        meter.look({"a": Grown(), "b": Grown()}, float(second))
    assert meter.level_of("a", 40.0, 40.0) is None
    assert meter.level_of("b", 20.0, 40.0) == 2
    meter.look({"b": Grown(), "c": Grown(), "d": Grown()}, 40.0)
    assert meter.level_of("c", 0.1, 40.0) == 3
    assert meter.level_of("who", 0.1, 40.0) is None
