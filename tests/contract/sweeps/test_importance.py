"""Which parameters mattered, on functions where that is known."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from scheduler.queue.states import State
from scheduler.sweeps.search.importance import FEWEST, importance
from scheduler.sweeps.search.random_points import RandomSearch
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import Condition, Distribution, Parameter
from scheduler.sweeps.trials import Trial

pytest.importorskip("optuna", reason="the importance of parameters is computed by Optuna")

SPACE = (
    Parameter(("nothing",), Distribution("uniform", {"min": 0.0, "max": 1.0})),
    Parameter(("all",), Distribution("log_uniform_values", {"min": 1e-4, "max": 1.0})),
    Parameter(("fixed",), Distribution("constant", {"value": 1})),
    Parameter(("kind",), Distribution("categorical", {"values": [[1], [2]]})),
)


def trials(count: int, value=lambda point: abs(point[1] - 0.01)) -> list[Trial]:
    points = [RandomSearch(SPACE, 1).ask(number) for number in range(count)]
    return [Trial(number, point, State.DONE, rows=(value(point),)) for number, point in enumerate(points)]


def luck(point) -> float:
    """Noise that goes with no parameter."""
    return Random(str(point)).random() * 0.01  # noqa: S311 - a repeatable choice, not a secret


def shares(found) -> dict[str, float]:
    return {each.parameter.name: each.share for each in found}


def test_the_parameter_that_decides_comes_first():
    """It is what people do next: fix the others."""
    found = importance(SPACE, "minimize", trials(100))
    assert found[0].parameter is SPACE[1]
    assert found[0].share > 0.8
    assert sum(each.share for each in found) == pytest.approx(1)
    assert set(shares(found)) == {"nothing", "all", "kind"}


def test_choices_can_be_what_decides():
    """Lists and mappings too."""
    found = importance(SPACE, "maximize", trials(60, lambda point: float(point[3] == [2]) + luck(point)))
    assert found[0].parameter is SPACE[3]


def test_the_goal_says_which_trials_are_the_best():
    """Above, one parameter decides; below, another."""
    found = trials(200, lambda point: point[0] if point[0] > 0.5 else -point[1])
    assert importance(SPACE, "maximize", found)[0].parameter is SPACE[0]
    assert importance(SPACE, "minimize", found)[0].parameter is SPACE[1]


def test_too_few_trials_give_no_answer():
    """The best tenth of ten trials is one trial; a table of noise looks like knowledge."""
    assert importance(SPACE, "minimize", trials(FEWEST - 1)) is None
    assert importance(SPACE, "minimize", trials(FEWEST)) is not None


def test_only_trials_that_ended_well_count():
    """A running one has not shown its best; a crashed one has none."""
    found = [replace(trial, state=State.RUNNING) for trial in trials(FEWEST)]
    assert importance(SPACE, "minimize", found) is None
    assert importance(SPACE, "minimize", [replace(trial, state=State.STOPPED_EARLY) for trial in found]) is not None


def test_trials_that_are_all_alike_give_no_answer():
    """Nothing mattered, or the wrong metric was logged."""
    assert importance(SPACE, "minimize", trials(40, lambda point: 1.0)) is None


def test_trials_of_another_space_are_left_out():
    """After the file was changed, old points need not lie in it."""
    strangers = [Trial(100 + number, ("other",), State.DONE, rows=(1.0,)) for number in range(5)]
    assert shares(importance(SPACE, "minimize", trials(40) + strangers)) == shares(importance(SPACE, "minimize", trials(40)))


def test_trials_outside_of_the_present_space_do_not_count():
    """What mattered in another space is another question."""
    strangers = [replace(trial, outside=("gone",)) for trial in trials(FEWEST)]
    assert importance(SPACE, "minimize", trials(FEWEST)) is not None
    assert importance(SPACE, "minimize", strangers) is None


def test_what_applies_in_some_places_alone_is_judged_by_the_trials_that_have_it():
    """A value that a trial did not have cannot have mattered to it."""
    kind = Condition(("kind",), ([1],))
    space = (replace(SPACE[0], when=(kind,)), *SPACE[1:])
    points = [RandomSearch(space, 1).ask(number) for number in range(120)]
    assert {point[0] is ABSENT for point in points} == {True, False}
    losses = [1 + luck(point) if point[0] is ABSENT else abs(point[0] - 0.3) for point in points]
    found = [
        Trial(number, point, State.DONE, rows=(loss,)) for number, (point, loss) in enumerate(zip(points, losses, strict=True))
    ]
    told = shares(importance(space, "minimize", found))
    assert set(told) == {"nothing", "all", "kind"}
    assert told["nothing"] > told["all"]
