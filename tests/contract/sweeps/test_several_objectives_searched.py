"""Searching and remembering with several objectives: Optuna's samplers, and the real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.actions.sweeps import see
from scheduler.errors import UserError
from scheduler.home import open_home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.report.sweeps import farewell, rows
from scheduler.report.sweeps_seen import as_one_object, flat_trials
from scheduler.sweeps.engine.live_trials import Book, open_sweep
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.search.search import Search, open_search
from scheduler.sweeps.space.distributions import Distribution, Parameter
from scheduler.sweeps.sweep import read_plan
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
