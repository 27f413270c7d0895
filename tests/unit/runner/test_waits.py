"""Which waits a person hears of."""

from __future__ import annotations

from scheduler.runner.news import Waits
from scheduler.runner.plan import Wait
from tests.unit.runner.test_backfill import job

A, B = job(1), job(2)


def test_a_wait_that_is_over_in_a_moment_is_not_told() -> None:
    """Whenever a GPU changes hands its memory takes a moment to return; a line about each would bury the others."""
    waits = Waits()
    assert waits.news([Wait(A, "memory is not back yet")], 0.0) == []
    assert waits.news([], 0.1) == []
    assert waits.news([Wait(A, "memory is not back yet")], 5.0) == []


def test_a_wait_that_lasts_is_told_once() -> None:
    """And each job's for itself."""
    waits, held, other = Waits(), Wait(A, "held by anna"), Wait(B, "held by anna")
    waits.news([held], 0.0)
    assert waits.news([held, other], 1.0) == [held]
    assert waits.news([held, other], 2.0) == [other]
    assert waits.news([held, other], 60.0) == []


def test_a_changing_reason_is_told_again_after_a_while() -> None:
    """`left 3 s ago`, `left 4 s ago`: the same story, not a line a second."""
    waits = Waits()
    told = [len(waits.news([Wait(A, f"left {second} s ago")], float(second))) for second in range(25)]
    assert [second for second, count in enumerate(told) if count] == [1, 11, 21]


def test_a_wait_for_a_reading_is_never_told_and_forgets_nothing() -> None:
    """It stands between two looks at the same obstacle."""
    waits, held = Waits(), Wait(A, "held by anna")
    waits.news([held], 0.0)
    assert waits.news([Wait(A, "the GPUs are being read", passing=True)], 1.0) == []
    assert waits.news([held], 1.1) == [held]
