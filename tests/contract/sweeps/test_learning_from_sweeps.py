"""A sweep that learns from the trials of others, in the real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.actions.evidence import foreseen, offered
from scheduler.actions.sweeps import see
from scheduler.errors import UserError
from scheduler.home import open_home
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, latest_sweep
from scheduler.report import evidence as report
from scheduler.report.sweeps_seen import as_one_object
from scheduler.sweeps.engine.evidence import evidence_of, kept_evidence
from scheduler.sweeps.engine.live_trials import Book, open_sweep
from scheduler.sweeps.search.search import open_search
from scheduler.sweeps.sweep import SweepPlan, read_plan
from scheduler.sweeps.wishes import Wishes

FILE = "program: train.py\nmethod: bayes\nmetric: {{name: loss}}\nparameters: {{lr: {{min: 0.0, max: {most}}}}}\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with Store(open_home(tmp_path / "home")) as opened:
        yield opened


def planned(name: str, most: float = 1.0, text: str = "") -> SweepPlan:
    Path(name).write_text((text or FILE).format(most=most))
    return read_plan(name)


def swept(store: Store, plan: SweepPlan, rates: list[float], state: State = State.DONE) -> SweepRecord:
    """A sweep with a trial at each of these learning rates, of which 0.3 was the best."""
    sweep, _ = open_sweep(store, plan, "/", "wandb", again=False, seed=1)
    book = Book(store, plan, sweep)
    for number, rate in enumerate(rates):
        entry = book.add(number, (rate,), "/", "{}", cap=None)
        assert entry
        for each in (State.STARTING, state):
            with store.change() as change:
                change.move(entry.job, each, "as planned")
        book.began(entry.job, 1)
        book.logged(entry.job, (1.0, abs(rate - 0.3)))
        book.closed(entry.job, state, 1, None)
    return sweep


def begun(store: Store, plan: SweepPlan, *words: str, again: bool = False) -> SweepRecord:
    """The sweep of this plan, begun or gone on with, `--from` these."""
    found = [each.job for each in offered(store, plan, "/", Wishes(evidence=words, again=again))]
    return open_sweep(store, plan, "/", "wandb", again=again, seed=1, evidence=found)[0]


def test_a_sweep_keeps_what_it_learns_from_and_counts_none_of_it(store: Store) -> None:
    """It goes on after a crash by the same command or a shorter one; trials of others in its table, its cap or its bands would
    make all three wrong."""
    swept(store, planned("old.yaml"), [0.1, 0.3, 0.9])
    plan = planned("new.yaml", most=0.5)
    begun(store, plan, "old.yaml")
    again = begun(store, plan)
    found = evidence_of(store, plan, kept_evidence(store, again.id, ["loss"]))
    assert [(trial.number, trial.values, trial.rows) for trial in found.trials] == [
        (-2, (0.1,), (1.0, pytest.approx(0.2))),
        (-1, (0.3,), (1.0, 0.0)),
    ]
    assert len(Book(store, plan, again)) == 0
    assert Book(store, plan, again).best is None
    (line,) = report.lines(found, learns=True)
    assert line.endswith("(old.yaml); the other lies outside the present space")
    assert "learns from 2 of 3 trials" in line
    shown = as_one_object(see(store, again))
    assert (shown["trials"], shown["best"], shown["bands"]) == ([], None, [])
    assert [(each["used"], each["trials"]) for each in shown["evidence"]] == [(2, 3)]


def test_the_search_begins_where_the_other_one_was_best(store: Store) -> None:
    """That is what it is for: no ten random points before the model has anything to learn from."""
    pytest.importorskip("optuna")
    swept(store, planned("old.yaml"), [number / 40 for number in range(40)])
    plan = planned("new.yaml")
    sweep = begun(store, plan, "old.yaml")

    def first(told: bool) -> list[object]:
        search = open_search(plan.sweep, seed=3)
        for trial in evidence_of(store, plan, kept_evidence(store, sweep.id, ["loss"])).trials if told else ():
            search.tell(trial)
        return [point[0] for number in range(8) if (point := search.ask(number))]

    near = [abs(float(str(rate)) - 0.3) < 0.2 for rate in first(told=True)]
    assert sum(near) >= 6, first(told=True)
    assert first(told=True) == first(told=True)
    assert sum(abs(float(str(rate)) - 0.3) < 0.2 for rate in first(told=False)) < 6


def test_trials_that_failed_or_are_asked_for_again_are_no_evidence(store: Store) -> None:
    """A failure there may have been another's fault; a value that is about to change is none."""
    old = planned("old.yaml")
    source = swept(store, old, [0.1, 0.3])
    plan = planned("new.yaml")
    sweep = begun(store, plan, source.id)
    job = Book(store, old, source).by_number(0).job
    with store.change() as change:
        change.ask_again(job, "once more")
    assert [each.point["lr"] for each in kept_evidence(store, sweep.id, ["loss"])] == [0.3]
    swept(store, planned("failed.yaml"), [0.1], State.FAILED)
    with pytest.raises(UserError, match="no finished trial with a value of loss yet"):
        begun(store, plan, "failed.yaml")


def test_what_cannot_be_learnt_from_is_refused_before_there_is_a_sweep(store: Store) -> None:
    """Each would be a sweep that is quietly not what was asked for."""
    old = planned("old.yaml")
    source = swept(store, old, [0.1])
    other = FILE.replace("name: loss", "name: loss, goal: maximize")
    refused = [
        (planned("other.yaml", text=other), ("old.yaml",), "has loss to be minimized, and this one loss to be maximized"),
        (planned("grid.yaml", text=FILE.replace("bayes", "random")), ("old.yaml",), "method random learns nothing"),
        (old, (source.id,), "is the one that goes on"),
        (planned("new.yaml"), ("nobody.yaml",), 'no sweep is called "nobody.yaml"'),
    ]
    for plan, words, why in refused:
        with pytest.raises(UserError, match=why):
            begun(store, plan, *words)
    assert latest_sweep(store) == source
    assert begun(store, old, source.id, again=True).id != source.id, "but anew it may learn from itself"


def test_a_dry_run_foresees_what_would_be_learnt_from(store: Store) -> None:
    """The kept, and what this command would add, each once."""
    first, plan = swept(store, planned("old.yaml"), [0.1, 0.2]), planned("new.yaml")
    begun(store, plan, "old.yaml")
    second = swept(store, planned("older.yaml"), [0.3])
    found = foreseen(store, plan, "/", Wishes(evidence=("old.yaml", "older.yaml")))
    assert {(each.sweep.id, each.used) for each in found.told} == {(first.id, 2), (second.id, 1)}
    assert json.loads(second.config)["metric"] == "loss"
