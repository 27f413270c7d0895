"""Which waits a person hears of."""

from __future__ import annotations

from scheduler.runner.news import Waits
from scheduler.runner.plan import Wait
from tests.unit.runner.test_backfill import job

A, B, C = job(1), job(2), job(3)


def test_a_wait_that_is_over_in_a_moment_is_not_told() -> None:
    """Whenever a GPU changes hands its memory takes a moment to return; a line about each would bury the others."""
    waits = Waits()
    assert waits.news([Wait(A, "memory is not back yet")], 0.0) == []
    assert waits.news([], 0.1) == []
    assert waits.news([Wait(A, "memory is not back yet")], 5.0) == []


def test_a_wait_that_lasts_is_told_once() -> None:
    """A job that joins others with the same reason is no news; one with another reason is."""
    waits, held, other, third = Waits(), Wait(A, "held by anna"), Wait(B, "held by anna"), Wait(C, "held by otto")
    waits.news([held], 0.0)
    assert waits.news([held, other, third], 1.0) == [[held]]
    assert waits.news([held, other, third], 2.0) == [[third]]
    assert waits.news([held, other], 60.0) == []
    assert waits.news([other], 61.0) == [], "it takes over the place of the one that was told"


def test_jobs_that_wait_for_one_reason_are_told_together() -> None:
    """Twelve lines that say the same hide the thirteenth."""
    waits, some = Waits(), [Wait(A, "held by anna"), Wait(B, "held by otto"), Wait(C, "held by anna")]
    waits.news(some, 0.0)
    assert waits.news(some, 1.0) == [[some[0], some[2]], [some[1]]]


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
    assert waits.news([held], 1.1) == [[held]]
