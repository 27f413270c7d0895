"""What a trial of another sweep says in the space of this one."""

from __future__ import annotations

from scheduler.sweeps.search.evidence import Placed, placed
from scheduler.sweeps.space.distributions import Distribution, Parameter

SPACE = (
    Parameter(("epochs",), Distribution("constant", {"value": 9})),
    Parameter(("layers",), Distribution("categorical", {"values": [1, 2]})),
    Parameter(("lr",), Distribution("uniform", {"min": 0.0, "max": 1.0})),
)


def test_a_point_of_the_same_space_is_taken_as_it_is() -> None:
    """Warm start: the other sweep has paid for it."""
    assert placed(SPACE, {"epochs": 9, "layers": 2, "lr": 0.5}, "a") == Placed((9, 2, 0.5))


def test_a_point_outside_of_the_space_is_left_out() -> None:
    """A value that cannot be tried here says nothing of those that can; another constant, such as fewer epochs, makes values that
    cannot be compared."""
    for other in ({"lr": 1.5}, {"layers": 3}, {"epochs": 3}):
        assert placed(SPACE, {"epochs": 9, "layers": 2, "lr": 0.5, **other}, "a") is None


def test_what_only_one_of_the_sweeps_has_keeps_no_point_out() -> None:
    """People add a parameter and go on: what the trials of before say of the others still holds."""
    assert placed(SPACE, {"lr": 0.5, "layers": 1, "dropout": 0.1}, "a") == Placed((9, 1, 0.5))
    found = [placed(SPACE, {"lr": 0.5}, seed) for seed in map(str, range(20))]
    assert {each.values[1] for each in found if each} == {1, 2}, "drawn: at one value it would speak for that value"
    assert {each.unknown for each in found if each} == {("layers",)}
    assert placed(SPACE, {"lr": 0.5}, "7") == placed(SPACE, {"lr": 0.5}, "7"), "and the same in every life"


def test_a_point_that_says_nothing_of_what_varies_is_left_out() -> None:
    """It would be a random point with a value."""
    assert placed(SPACE, {"epochs": 9, "dropout": 0.1}, "a") is None
