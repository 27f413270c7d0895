"""What a trial of another sweep says in the space of this one."""

from __future__ import annotations

from scheduler.sweeps.search.evidence import Adopted, adopted
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import Condition, Distribution, Parameter

SPACE = (
    Parameter(("epochs",), Distribution("constant", {"value": 9})),
    Parameter(("layers",), Distribution("categorical", {"values": [1, 2]})),
    Parameter(("lr",), Distribution("uniform", {"min": 0.0, "max": 1.0})),
)


def test_a_point_of_the_same_space_is_taken_as_it_is() -> None:
    """Warm start: the other sweep has paid for it."""
    assert adopted(SPACE, {"epochs": 9, "layers": 2, "lr": 0.5}, "a") == Adopted((9, 2, 0.5))


def test_a_point_outside_of_the_space_is_left_out() -> None:
    """A value that cannot be tried here says nothing of those that can; another constant, such as fewer epochs, makes values that
    cannot be compared."""
    for other in ({"lr": 1.5}, {"layers": 3}, {"epochs": 3}):
        assert adopted(SPACE, {"epochs": 9, "layers": 2, "lr": 0.5, **other}, "a") is None


def test_what_only_one_of_the_sweeps_has_keeps_no_point_out() -> None:
    """People add a parameter and go on: what the trials of before say of the others still holds."""
    assert adopted(SPACE, {"lr": 0.5, "layers": 1, "dropout": 0.1}, "a") == Adopted((9, 1, 0.5))
    found = [adopted(SPACE, {"lr": 0.5}, seed) for seed in map(str, range(20))]
    assert {each.values[1] for each in found if each} == {1, 2}, "drawn: at one value it would speak for that value"
    assert {each.unknown for each in found if each} == {("layers",)}
    assert adopted(SPACE, {"lr": 0.5}, "7") == adopted(SPACE, {"lr": 0.5}, "7"), "and the same in every life"


def test_a_point_that_says_nothing_of_what_varies_is_left_out() -> None:
    """It would be a random point with a value."""
    assert adopted(SPACE, {"epochs": 9, "dropout": 0.1}, "a") is None


CONDITIONAL = (
    Parameter(("beta",), Distribution("uniform", {"min": 0.0, "max": 1.0}), (Condition(("optimizer",), ("adam",)),)),
    Parameter(("lr",), Distribution("uniform", {"min": 0.0, "max": 1.0})),
    Parameter(("momentum",), Distribution("uniform", {"min": 0.0, "max": 1.0}), (Condition(("optimizer",), ("sgd",)),)),
    Parameter(("optimizer",), Distribution("categorical", {"values": ["adam", "sgd"]})),
)


def test_what_does_not_apply_is_not_filled_in() -> None:
    """The momentum of a trial of adam means nothing: a drawn one would be told to the model of the momentum, with a value."""
    assert adopted(CONDITIONAL, {"lr": 0.5, "optimizer": "sgd", "momentum": 0.9}, "a") == Adopted((ABSENT, 0.5, 0.9, "sgd"))
    found = adopted(CONDITIONAL, {"lr": 0.5, "optimizer": "adam"}, "a")
    assert found
    assert found.values[1:] == (0.5, ABSENT, "adam")
    assert found.unknown == ("beta",)
    assert isinstance(found.values[0], float), "what applies and is not said is drawn"


def test_what_the_other_sweep_gave_where_it_does_not_apply_keeps_no_point_out() -> None:
    """A sweep without conditions gives every program a momentum; here it stands for nothing, wherever it lies."""
    found = adopted(CONDITIONAL, {"lr": 0.5, "optimizer": "adam", "beta": 0.2, "momentum": 7.0}, "a")
    assert found == Adopted((0.2, 0.5, ABSENT, "adam"))
