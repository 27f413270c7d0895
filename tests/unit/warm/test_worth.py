"""When an interpreter is kept for a program."""

from __future__ import annotations

import pytest

from scheduler.warm.worth import DEATHS, LONGEST, SHORTEST, Worth


def known(*seconds: float, many: bool = True) -> Worth:
    worth = Worth(many=many)
    for each in seconds:
        worth.ended("train", each)
    return worth


@pytest.mark.parametrize(
    ("worth", "wished", "wanted"),
    [
        (known(), None, False),
        (known(5.0), None, True),
        (known(5.0, many=False), None, False),
        (known(LONGEST + 1), None, False),
        (known(SHORTEST / 2), None, False),
        (known(5.0), False, False),
        (known(), True, True),
        (known(LONGEST + 1, many=False), True, True),
    ],
)
def test_it_is_wanted_for_many_short_jobs_or_where_a_person_says_so(worth: Worth, wished: bool | None, wanted: bool) -> None:
    """A job of hours gains nothing, and one of a tenth of a second has imported nothing."""
    assert worth.wants("train", wished) is wanted
    assert worth.wants("another", None) is False


def test_imports_that_are_a_small_part_of_a_job_do_not_pay() -> None:
    """Their memory would be held for nothing."""
    worth = known(50.0, 60.0, 70.0)
    assert [worth.pays("train", seconds) for seconds in (0.1, 5.0, 7.0)] == [False, False, True]
    worth.of("train").is_asked = True
    assert worth.pays("train", 0.0)


def test_after_a_refusal_or_too_many_deaths_nobody_tries_again() -> None:
    """A way that fails again and again is worse than none, also where it was asked for."""
    worth = known(5.0)
    worth.of("train").refused = True
    assert not worth.wants("train", True)
    worth = known(5.0)
    worth.of("train").deaths = DEATHS - 1
    assert worth.wants("train", None)
    worth.of("train").deaths = DEATHS
    assert not worth.wants("train", None)
