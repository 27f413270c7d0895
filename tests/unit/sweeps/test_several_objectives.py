"""Several objectives: the values of a trial, row by row; who is beaten by none; and what a file says of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from scheduler.errors import UserError
from scheduler.queue.states import State
from scheduler.sweeps.engine.beside import Beside
from scheduler.sweeps.front import front
from scheduler.sweeps.recalled import plan_from
from scheduler.sweeps.search.objective import Objectives, worst_of
from scheduler.sweeps.sweep import SweepPlan, read_plan
from scheduler.sweeps.trials import Trial
from scheduler.tracking.metric_log import Objective
from scheduler.tracking.readers.rows import Row

FILE = "program: train.py\nmethod: random\nparameters: {lr: {min: 0.0, max: 1.0}}\n"
GOALS = ("minimize", "maximize")


def planned(tmp_path: Path, text: str) -> SweepPlan:
    (tmp_path / "sweep.yaml").write_text(FILE + text)
    return read_plan(str(tmp_path / "sweep.yaml"))


def rows(*found: dict[str, float]) -> list[Row]:
    return [Row(None, each) for each in found]


def test_a_value_stands_until_the_next_one_and_the_first_for_what_came_before() -> None:
    """The size of a network is logged once, at the end of some scripts, and a validation every few epochs."""
    beside = Beside("loss", ["size", "acc"])
    assert beside.take(rows({"loss": 3}, {"loss": 2, "acc": 0.1})) == ((None, 0.1), (None, 0.1))
    found = beside.take(rows({"loss": 1}, {"acc": 0.5}, {"size": 9}, {"loss": 0.5}))
    assert found == ((9, 0.1), (9, 0.1), (9, 0.1), (9, 0.5))
    assert beside.take(rows({"loss": 7, "size": 8}), anew=True) == ((8, None),), "of another log nothing stands"
    assert Beside("loss", []).take(rows({"loss": 1})) == ()


def test_the_values_of_a_trial_are_those_of_its_best_row_by_the_first() -> None:
    """The best of each would be of a model that never was: a small loss of the last epoch beside the accuracy of the first."""
    trial = Trial(0, (), State.DONE, (3.0, 1.0, 2.0), beside=((0.9,), (0.5,), (0.7,)))
    assert trial.outcome("minimize") == (1.0, 0.5)
    assert trial.outcome("maximize") == (3.0, 0.9)
    partly = Trial(0, (), State.DONE, (1.0, 2.0), beside=((None,), (0.7,)))
    assert partly.outcome("minimize") == (2.0, 0.7), "a row without one of them has nothing to compare"
    assert Trial(0, (), State.DONE, (1.0,), beside=((None,),)).outcome("minimize") is None
    assert Trial(0, (), State.DONE, (1.0, 1.0), beside=((0.1,), (0.2,))).outcome("minimize") == (1.0, 0.1), "the first of equals"


def beaten(one: Sequence[float], others: Sequence[Sequence[float]], goals: Sequence[str]) -> bool:
    """Word for word: some other is as good in all, and better in one."""
    signs = [1 if goal == "minimize" else -1 for goal in goals]
    as_good = [[s * b <= s * a for s, a, b in zip(signs, one, other, strict=True)] for other in others]
    better = [[s * b < s * a for s, a, b in zip(signs, one, other, strict=True)] for other in others]
    return any(all(good) and any(best) for good, best in zip(as_good, better, strict=True))


@pytest.mark.parametrize("goals", [GOALS, ("minimize",) * 3, ("maximize", "maximize")])
def test_the_front_is_who_is_beaten_by_none(goals: Sequence[str]) -> None:
    """Against the definition, with many equal values."""
    luck = Random(3)  # noqa: S311 - a repeatable choice, not a secret
    for _ in range(60):
        found = {number: tuple(float(luck.randrange(5)) for _ in goals) for number in range(luck.randrange(15))}
        wanted = {number for number, values in found.items() if not beaten(values, list(found.values()), goals)}
        assert set(front(found, goals)) == wanted
    first = front({0: (2.0,) * len(goals), 1: (1.0,) * len(goals)}, ["minimize"] * len(goals))
    assert first == (1,)


def test_a_trial_that_failed_counts_with_the_worst_of_each_objective() -> None:
    """So that a model is led away from it, as with one objective."""
    told = Objectives(GOALS)
    good = Trial(0, (), State.DONE, (1.0,), beside=((0.5,),))
    bad = Trial(1, (), State.DONE, (2.0,), beside=((0.9,),))
    worst = worst_of(GOALS, [values for each in (good, bad) if (values := told.worst(each))])
    assert worst == (2.0, 0.5)
    assert told.values(good, worst) == (1.0, 0.5)
    assert told.values(Trial(2, (), State.FAILED, (0.1,), beside=((9.0,),)), worst) == worst
    assert told.values(Trial(3, (), State.DONE, (0.1,), beside=((None,),)), worst) == worst
    assert told.values(Trial(4, (), State.RUNNING, (0.1,), beside=((9.0,),)), worst) is None
    assert told.values(Trial(5, (), State.CANCELLED), worst) is None
    assert worst_of(GOALS, []) is None


def test_a_file_lists_them_and_its_sweep_remembers_them(tmp_path: Path) -> None:
    """Shown without its file, and another sweep where one of them changes: its trials lack the other's values."""
    plan = planned(tmp_path, "metrics: [{name: loss}, {name: acc, goal: maximize}]\n")
    assert (plan.metrics, plan.sweep.goals, plan.goal) == (("loss", "acc"), GOALS, "minimize")
    kept = plan_from("sweep.yaml", json.loads(plan.remembered("/", "wandb")), ())
    assert (kept.sweep.beside, kept.metrics) == ((Objective("acc", "maximize"),), ("loss", "acc"))
    other = planned(tmp_path, "metrics: [{name: loss}, {name: acc}]\n")
    one, single = planned(tmp_path, "metrics: [{name: loss}]\n"), planned(tmp_path, "metric: {name: loss, goal: minimize}\n")
    assert len({each.key("/") for each in (plan, other, one)}) == 3
    assert one.key("/") == single.key("/"), "one in a list is one"


def test_early_stopping_compares_the_first_and_says_so(tmp_path: Path) -> None:
    """A band is a row of one metric."""
    text = "metrics: [{name: loss}, {name: acc}]\nearly_terminate: {type: hyperband, min_iter: 2, strict: true}\n"
    (note,) = planned(tmp_path, text).notes
    assert str(note).startswith("early_terminate compares trials by the first of their metrics, loss: one that is good in others")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("metrics: []", "a list of metrics"),
        ("metrics: {name: loss}", "a list of metrics"),
        ("metrics: [{goal: minimize}]", 'a metric with a "name"'),
        ("metrics: [{name: loss}, {name: loss}]", '"loss" is there twice'),
        ("metrics: [{name: loss}, {name: acc, target: 1}]", 'unknown key "target"'),
        ("metrics: [{name: loss, goal: small}]", "minimize or maximize"),
        ("metric: {name: loss}\nmetrics: [{name: acc}]", 'both "metric" and "metrics"'),
    ],
)
def test_what_is_wrong_with_them_is_said_where_it_stands(tmp_path: Path, text: str, why: str) -> None:
    """A target of one of several would end the sweep for the others."""
    with pytest.raises(UserError, match=why) as found:
        planned(tmp_path, text)
    assert found.value.where
    assert found.value.where.line in (4, 5)
