"""What is said of the space of a sweep before it begins or goes on."""

from __future__ import annotations

from scheduler.queue.states import State
from scheduler.report.spaces import conditions, outside
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.space.distributions import Condition, Distribution, Parameter
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial

SGD = Condition(("optimizer",), ("sgd", 3))
SPACE = (
    Parameter(("lr",), Distribution("uniform", {"min": 0.0, "max": 1.0})),
    Parameter(("net", "momentum"), Distribution("uniform", {"min": 0.0, "max": 1.0}), (SGD, Condition(("lr",), (), 0.5, 0.9))),
    Parameter(("optimizer",), Distribution("categorical", {"values": ["adam", "sgd", 3]})),
)
PLAN = SweepPlan("sweep.yaml", "sweep", Sweep("bayes", SPACE), (), ())
INSIDE = {"lr": 0.5, "optimizer": "adam"}


def told(*points, learns: bool = False) -> list[str]:
    return outside(PLAN, [PLAN.placed(Trial(n, (), State.DONE), point) for n, point in enumerate(points)], learns=learns)


def test_trials_outside_of_the_space_are_counted_by_the_reason() -> None:
    """Whoever sees by what they are lost knows which edit to take back."""
    (sentence,) = told(INSIDE, {**INSIDE, "lr": 2.0}, {**INSIDE, "lr": 3.0, "old": 1}, {"optimizer": "adam"}, learns=True)
    assert sentence == (
        "3 of them lie outside of the present space (2 by lr, 1 by old, which is gone, 1 without lr): they stay in the table "
        "and in the bands, the best is one inside; the search learns from them as far as it can"
    )
    assert told(INSIDE, {**INSIDE, "lr": 2.0})[0].endswith("the best is one inside")
    assert told(INSIDE, INSIDE) == []


def test_conditions_are_said_in_words() -> None:
    """`check` says what a file means, and this is easily meant otherwise."""
    assert conditions(PLAN) == ["net.momentum only where optimizer is sgd or 3 and lr is at least 0.5 and at most 0.9"]
