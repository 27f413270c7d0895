"""A sweep's trials in memory and in the real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.experiments.command.launch import Asked
from scheduler.home import open_home
from scheduler.queue.database import Unwritable
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.sweeps.engine.live_trials import Book, open_sweep
from scheduler.sweeps.sweep import SweepPlan, read_plan

FILE = """
program: train.py
method: random
metric: {name: loss, goal: minimize}
parameters: {lr: {min: 0.0, max: 1.0}}
"""


@pytest.fixture
def store(tmp_path: Path):
    with Store(open_home(tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def plan(tmp_path: Path) -> SweepPlan:
    path = tmp_path / "sweep.yaml"
    path.write_text(FILE)
    return read_plan(str(path))


def book_of(store: Store, plan: SweepPlan) -> Book:
    sweep, _ = open_sweep(store, plan, "/", "wandb", again=False, seed=1)
    return Book(store, plan, sweep)


def test_a_number_is_taken_once(store: Store, plan: SweepPlan) -> None:
    """Two runners that were both told to try number 0: one of the two points becomes the trial."""
    one, other = book_of(store, plan), book_of(store, plan)
    assert one.add(0, (0.25,), "/", "{}", cap=None)
    assert other.add(0, (0.75,), "/", "{}", cap=None) is None
    assert [entry.trial.values for entry in other.catch_up() if entry.trial] == [(0.25,)]


def test_a_waiting_trial_that_was_cancelled_or_held_makes_room_for_the_next(store: Store, plan: SweepPlan) -> None:
    """A sweep that went on waiting for it would never ask again."""
    book = book_of(store, plan)
    for number, state in enumerate((State.CANCELLED, State.HELD)):
        entry = book.add(number, (0.5,), "/", "{}", cap=None)
        assert entry
        assert book.queued == {entry.job}
        with store.change() as change:
            change.move(entry.job, state, "by a person")
        book.overtaken()
        assert not book.queued


@pytest.mark.parametrize("seen", [State.QUEUED, State.STARTING])
def test_a_trial_that_another_runner_ran_between_two_looks_is_over_here_too(store: Store, plan: SweepPlan, seen: State) -> None:
    """Nothing wakes the runner that never joined it: it would sleep for ever over a trial that it takes for queued, or show
    it as starting in its last table."""
    one = book_of(store, plan)
    entry = one.add(0, (0.5,), "/", "{}", cap=None)
    assert entry
    here = book_of(store, plan)
    for state in (State.STARTING, State.DONE):
        with store.change() as change:
            change.move(entry.job, state, "by the other runner")
        here = book_of(store, plan) if state is seen else here
    one.began(entry.job, 1)
    one.logged(entry.job, (3.0, 2.0))
    one.closed(entry.job, State.DONE, 1, None)
    assert [(each.record.state, each.record.history) for each in here.overtaken()] == [(State.DONE, (3.0, 2.0))]
    assert not here.queued
    assert not here.overtaken()


def test_a_history_survives_and_another_attempt_begins_a_new_one(store: Store, plan: SweepPlan) -> None:
    """What was read to the end is kept for the next life; a repeated trial must not have the rows of both attempts."""
    book = book_of(store, plan)
    entry = book.add(0, (0.5,), "/", "{}", cap=None)
    assert entry
    book.began(entry.job, 1)
    book.logged(entry.job, (3.0, 2.0))
    book.closed(entry.job, State.DONE, 1, 1.5)
    again = book_of(store, plan)
    record = again[entry.job].record
    assert (record.history, record.summary, again.best) == ((3.0, 2.0), 1.5, 1.5)
    assert again.began(entry.job, 2).record.history == ()


def test_rows_of_a_better_log_stand_in_place_of_those_before(store: Store, plan: SweepPlan) -> None:
    """One printed number of an untrained model was the best of the sweep for ever, and reached its target."""
    book = book_of(store, plan)
    entries = [book.add(number, (0.5,), "/", "{}", cap=None) for number in range(2)]
    one, other = (entry.job for entry in entries if entry)
    for job in (one, other):
        book.began(job, 1)
    book.logged(other, (2.5,))
    book.logged(one, (0.001, 3.0))
    assert book.best == 0.001
    assert book.logged(one, (2.9,), anew=True).record.history == (2.9,)
    assert book.best == 2.5
    assert book.logged(one, (2.0,)).record.history == (2.9, 2.0)
    assert book.best == 2.0


def test_the_best_of_an_earlier_sitting_counts(store: Store, plan: SweepPlan) -> None:
    """A sweep that goes on after it has reached its target begins no trial, whatever its scripts log with."""
    book = book_of(store, plan)
    entry = book.add(0, (0.5,), "/", "{}", cap=None)
    assert entry
    book.began(entry.job, 1)
    book.logged(entry.job, (3.0, 2.0))
    book.closed(entry.job, State.DONE, 1, None)
    assert book_of(store, plan).best == 2.0


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("min: 0.0", "min: 0.1", True),
        ("method: random", "method: grid", True),
        ("train.py", "other.py", False),
        ("loss", "error", False),
        ("minimize", "maximize", False),
    ],
)
def test_what_makes_two_sweeps_one(tmp_path: Path, plan: SweepPlan, old: str, new: str, same: bool) -> None:
    """Results of another program or of another metric are no results for this one; another range or method changes nothing."""
    path = tmp_path / "sweep.yaml"
    path.write_text(FILE.replace(old, new))
    assert (read_plan(str(path)).key("/") == plan.key("/")) is same
    assert plan.key("/") != plan.key("/usr")


def test_a_trial_without_room_for_its_arguments_is_not_queued(store: Store, tmp_path: Path) -> None:
    """Its command would name a file that is not there; the point is kept, and asked for again when there is room."""
    (tmp_path / "sweep.yaml").write_text(FILE + "command: [python, '${program}', '${args_json_file}']\n")
    (tmp_path / "taken").write_text("")
    plan = read_plan(str(tmp_path / "sweep.yaml"), asked=Asked(files=str(tmp_path / "taken" / "arguments")))
    book = book_of(store, plan)
    with pytest.raises(Unwritable, match="cannot write"):
        book.add(0, (0.25,), "/", "{}", cap=None)
    (tmp_path / "taken").unlink()
    entry = book.add(0, (0.25,), "/", "{}", cap=None)
    assert entry
    assert Path(book.job(entry).argv[-1]).read_text() == '{"lr": 0.25}'


def test_a_trial_keeps_the_id_that_it_always_had(plan: SweepPlan) -> None:
    """What older versions remember of an experiment, such as its memory, is found by its id, name of the sweep included."""
    assert plan.experiment((0.25,)).id == "3210dc6a799364d82b7411c1155260b741ee01ea24a2e31c78717acb2158f623"
