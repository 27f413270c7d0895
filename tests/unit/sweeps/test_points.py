"""Where points of an earlier space lie in the present one."""

from __future__ import annotations

from random import Random

import pytest

from scheduler.queue.states import State
from scheduler.sweeps.engine.budget import best_trial, better_outside
from scheduler.sweeps.search.grid import GridSearch
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import FIELDS, Distribution, Parameter
from scheduler.sweeps.space.points import contains, named, placed
from scheduler.sweeps.space.sampling import sample
from scheduler.sweeps.trials import Trial


def parameter(name: str, kind: str, **fields) -> Parameter:
    return Parameter((name,), Distribution(kind, {**FIELDS[kind][1], **fields}))


SPACE = (
    parameter("act", "categorical", values=["relu", "tanh"]),
    parameter("layers", "int_uniform", min=1, max=4),
    parameter("lr", "log_uniform_values", min=1e-4, max=1e-2),
)


@pytest.mark.parametrize(
    ("point", "values", "outside"),
    [
        ({"act": "relu", "layers": 4, "lr": 1e-4}, ("relu", 4, 1e-4), ()),
        ({"act": "relu", "layers": 4, "lr": 0.5}, ("relu", 4, 0.5), ("lr",)),
        ({"act": "elu", "layers": 5, "lr": 1e-3}, ("elu", 5, 1e-3), ("act", "layers")),
        ({"act": "relu", "lr": 1e-3}, ("relu", ABSENT, 1e-3), ("layers",)),
        ({"act": "relu", "layers": 2, "lr": 1e-3, "dropout": 0.1}, ("relu", 2, 1e-3), ("dropout",)),
        ({"act": "relu", "layers": True, "lr": "1e-3"}, ("relu", True, "1e-3"), ("layers", "lr")),
    ],
)
def test_a_point_says_by_which_parameters_it_lies_outside(point, values, outside) -> None:
    """A file that was changed between two sittings makes its own trials strangers, and nobody told which."""
    found = placed(SPACE, point)
    assert (found.values, found.outside) == (values, outside)


def test_what_is_absent_has_no_name() -> None:
    """The program is not given what a point does not have."""
    assert named(SPACE, ("relu", ABSENT, 1e-3)) == {"act": "relu", "lr": 1e-3}


BOUNDS = {"min": 1, "max": 3}
EVERY = [
    parameter("x", kind, **({"value": 1} if kind == "constant" else {}), **({"values": [1, 2, [3]]} if "cat" in kind else {}))
    if "min" not in required
    else parameter("x", kind, **BOUNDS)
    for kind, (required, _) in FIELDS.items()
    if kind != "categorical_w_probabilities"
]


@pytest.mark.parametrize("found", EVERY, ids=lambda each: each.distribution.name)
def test_what_a_distribution_gives_lies_inside_of_it(found: Parameter) -> None:
    """A trial that was just asked for, and was said to lie outside, would never be the best."""
    draws = Random(1)  # noqa: S311 - a repeatable draw, no secret
    assert all(contains(found.distribution, sample(found.distribution, draws.random())) for _ in range(500))
    assert all(contains(found.distribution, sample(found.distribution, end)) for end in (0.0, 1 - 2**-53))


def test_steps_do_not_decide_who_lies_outside() -> None:
    """A grid counts its steps from the least value, a draw from zero: both are points of the same file."""
    stepped = parameter("x", "q_uniform", min=1, max=9, q=2).distribution
    assert contains(stepped, 3)
    assert contains(stepped, 4)
    assert not contains(stepped, 11)


def trial(number: int, value: float, *outside: str) -> Trial:
    return Trial(number, (value,), State.DONE, (value,), outside=outside)


def test_the_best_lies_in_the_present_space() -> None:
    """Whoever takes a choice out of the file does not want it back as the answer; that it was better is said."""
    trials = [trial(0, 0.1, "lr"), trial(1, 0.3), trial(2, 0.2)]
    assert best_trial(trials, "minimize") == trials[2]
    assert better_outside(trials, "minimize") == trials[0]
    assert best_trial(trials, "maximize") == trials[1]
    assert better_outside(trials, "maximize") is None
    assert better_outside([trial(0, 0.2, "lr"), trial(1, 0.2)], "minimize") is None


def test_a_grid_tries_a_point_that_was_tried_with_a_parameter_more() -> None:
    """With dropout 0.3 is another point than without: what was taken out of the file is not what ran."""
    space = (parameter("lr", "categorical", values=[1, 2]),)
    search = GridSearch(space)
    before = placed(space, {"lr": 1, "dropout": 0.3})
    search.tell(Trial(0, before.values, State.DONE, outside=before.outside))
    assert [search.ask(1), search.ask(2), search.ask(3)] == [(1,), (2,), None]
