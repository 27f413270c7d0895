"""Searching and remembering with several objectives: Optuna's samplers, and the real store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.actions.sweeps import see
from scheduler.actions.trials import better_by_the_first, front_inside, outcomes_of
from scheduler.errors import UserError
from scheduler.home import open_home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.report.sweeps import farewell, rows
from scheduler.report.sweeps_seen import as_one_object, flat_trials
from scheduler.sweeps.engine.live_trials import Book, open_sweep
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.search.search import Search, open_search
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import masked
from scheduler.sweeps.space.distributions import Condition, Distribution, Parameter
from scheduler.sweeps.sweep import SweepPlan, read_plan
from scheduler.sweeps.trials import Trial
from scheduler.tracking.metric_log import Objective

FILE = """
program: train.py
method: random
metrics: [{name: loss}, {name: acc, goal: maximize}]
parameters: {lr: {min: 0.0, max: 1.0}}
"""
SPACE = tuple(Parameter((name,), Distribution("uniform", {"min": 0.0, "max": 1.0})) for name in ("x", "y"))
SWEEP = Sweep("bayes", SPACE, {"name": "loss", "goal": "minimize"}, beside=(Objective("size", "minimize"),))


def trial(number: int, values: tuple[object, ...]) -> Trial:
    """Both are least at y = 0, and x trades one for the other."""
    x, y = (float(str(value)) for value in values)
    return Trial(number, values, State.DONE, (2.0, x + y), beside=((0.0,), (1 - x + y,)))


def searched(search: Search, first: int, last: int) -> list[Trial]:
    found = []
    for number in range(first, last):
        values = search.ask(number)
        assert values is not None
        found.append(trial(number, values))
        search.tell(found[-1])
    return found


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_search_of_several_objectives_comes_near_the_front_everywhere(sampler: str) -> None:
    """And not to one end of it: whoever asks for two objectives wants to choose."""
    pytest.importorskip("optuna")
    last = searched(open_search(SWEEP, sampler=sampler, seed=1), 0, 200 if sampler == "nsga2" else 60)[-40:]
    assert sorted(float(str(each.values[1])) for each in last)[20] < 0.3, "y is bad for both; at random its median is a half"
    assert {float(str(each.values[0])) < 0.5 for each in last} == {True, False}


def test_another_life_asks_the_same() -> None:
    """As with one objective: a study that is rebuilt holds the same values."""
    pytest.importorskip("optuna")
    search = open_search(SWEEP, sampler="tpe", seed=1)
    before = searched(search, 0, 15)
    again = open_search(SWEEP, sampler="tpe", seed=1)
    for each in (*before[8:], *before[:8]):
        again.tell(each)
    assert again.ask(15) == search.ask(15)


def test_another_life_of_nsga2_begins_with_all_that_was_found() -> None:
    """Its generations are gone; without parents it would draw fifty random points once more."""
    pytest.importorskip("optuna")
    before = searched(open_search(SWEEP, sampler="nsga2", seed=1), 0, 100)
    again = open_search(SWEEP, sampler="nsga2", seed=1)
    for each in before:
        again.tell(each)
    after = searched(again, 100, 150)
    assert sorted(float(str(each.values[1])) for each in after)[25] < 0.3


CONDITIONAL = (
    *SPACE,
    Parameter(("kind",), Distribution("categorical", {"values": ["a", "b"]})),
    Parameter(("only_b",), Distribution("categorical", {"values": [8, 16, 64]}), (Condition(("kind",), ("b",)),)),
)


@pytest.mark.parametrize("fixed", [False, True], ids=["all", "all-but-one-constant"])
@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_several_objectives_go_with_parameters_that_apply_only_sometimes(sampler: str, fixed: bool) -> None:
    """Each of the two is simple alone; a sampler that crosses points or models them must not stumble where a value is absent."""
    pytest.importorskip("optuna")
    space = CONDITIONAL
    if fixed:  # nothing that varies applies everywhere but the choice
        space = tuple(replace(each, when=(Condition(("kind",), ("a",)),)) if each in SPACE else each for each in CONDITIONAL)
    search = open_search(Sweep("bayes", space, SWEEP.metric, beside=SWEEP.beside), sampler=sampler, seed=1)
    seen = []
    for number in range(120 if sampler == "nsga2" else 40):
        values = search.ask(number)
        assert values is not None
        assert masked(space, values) == values
        x, y, _, width = (0.5 if value is ABSENT else value for value in values)
        assert isinstance(x, float) and isinstance(y, float) and isinstance(width, (int, float))  # noqa: PT018
        search.tell(Trial(number, values, State.DONE, (x + y + width / 64,), beside=((1 - x + y,),)))
        seen.append(values)
    assert {values[2] for values in seen} == {"a", "b"}
    assert {values[3] for values in seen} == {ABSENT, 8, 16, 64}


def test_the_front_is_of_trials_in_the_present_space() -> None:
    """Nobody can ask for the others any more; the best of them by the first objective is named, and no worse one."""
    plan = SweepPlan("sweep.yaml", "sweep", SWEEP, (), ())
    trials = [
        Trial(0, (0.1, 2.0), State.DONE, (0.1,), beside=((0.1,),), outside=("y",)),
        Trial(1, (0.1, 0.2), State.DONE, (0.5,), beside=((0.5,),)),
        Trial(2, (0.3, 0.2), State.DONE, (0.7,), beside=((0.2,),)),
    ]
    outcomes = outcomes_of(plan, trials)
    assert front_inside(plan, trials, outcomes) == (1, 2)
    better = better_by_the_first(plan, trials, outcomes)
    assert better
    assert better.number == 0
    assert better_by_the_first(plan, [replace(trials[0], rows=(0.6,)), *trials[1:]], {**outcomes, 0: (0.6, 0.1)}) is None


def test_a_sampler_of_one_objective_says_so() -> None:
    """Optuna would say it in the middle of the sweep."""
    with pytest.raises(UserError, match="cmaes knows one objective, and this sweep file has 2"):
        open_search(SWEEP, sampler="cmaes")


def test_all_objectives_are_kept_and_the_front_is_shown(tmp_path: Path) -> None:
    """What was traded for what, also next week and without the file; a failed trial is never on the front."""
    (tmp_path / "sweep.yaml").write_text(FILE)
    plan = read_plan(str(tmp_path / "sweep.yaml"))
    with Store(open_home(tmp_path / "home")) as store:
        sweep, _ = open_sweep(store, plan, "/", "wandb", again=False, seed=1)
        book = Book(store, plan, sweep)
        for number, (loss, acc, state) in enumerate(
            [(0.5, 0.9, State.DONE), (0.3, 0.3, State.DONE), (0.2, 0.4, State.DONE), (0.1, 1.0, State.FAILED)]
        ):
            entry = book.add(number, (number / 10,), "/", "{}", cap=None)
            assert entry
            for each in (State.STARTING, state):
                with store.change() as change:
                    change.move(entry.job, each, "as planned")
            book.began(entry.job, 1)
            book.logged(entry.job, (1.0,), ((None,),))
            book.logged(entry.job, (loss,), ((0.1,), (acc,)))
            book.closed(entry.job, state, 1, None)
        assert [each.record.beside for each in Book(store, plan, sweep).entries()] == [
            ((0.1,), (acc,)) for acc in (0.9, 0.3, 0.4, 1.0)
        ]
        found = see(store, sweep)
        last_words = farewell(found.results, store.home, interrupted=False)
    told = [(row["trial"], row["loss"], row["acc"], row["front"]) for row in rows(found.results)]
    assert told[:3] == [("2", "0.2", "0.4", "*"), ("0", "0.5", "0.9", "*"), ("1", "0.3", "0.3", "")]
    shown = as_one_object(found)
    assert shown["front"] == [2, 0]
    assert shown["objectives"] == [{"name": "loss", "goal": "minimize"}, {"name": "acc", "goal": "maximize"}]
    assert [(each["value"], each["beside"]["acc"]) for each in shown["trials"][:2]] == [(0.2, 0.4), (0.5, 0.9)]
    assert flat_trials(found)[0]["beside.acc"] == 0.4
    front = "beaten by none in all objectives (the front): trial 2 (loss 0.2, acc 0.4), trial 0 (loss 0.5, acc 0.9)"
    assert front in last_words
    assert "best by loss: trial 2, loss 0.2" in last_words
