"""Jobs one below the other, of a real store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.actions.hold import hold
from scheduler.actions.lookout import Lookout
from scheduler.actions.move import FIRST, move
from scheduler.actions.roster import Page, Roster, View
from scheduler.experiments import Experiment
from scheduler.queue.job import Ending, Job
from scheduler.queue.listing import Order
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from tests.contract.actions.ended import ended

Experiments = Callable[[str], list[Experiment]]


@pytest.fixture
def jobs(store: Store, experiments: Experiments, tmp_path: Path) -> list[Job]:
    found = experiments("command: 'true'\ngrid: {x: [1, 2, 3, 4, 5, 6]}\n")
    return list(submit(store, found, str(tmp_path)).jobs)


def page(roster: Roster, store: Store, view: View = View(), *, fresh: bool = False) -> Page:  # noqa: B008 (frozen)
    return roster.page(Lookout(store).scene(), view, fresh=fresh)


def test_jobs_stand_as_they_start_and_what_has_just_ended_behind_what_runs(store: Store, jobs: list[Job]) -> None:
    """What runs is looked at most, then what has come out; what is over since yesterday would bury both."""
    with store.change() as change:
        change.move(jobs[0].id, State.CANCELLED)
    roster = Roster(store)
    move(store, [f"#{jobs[4].number}"], FIRST)
    hold(store, [f"#{jobs[1].number}"])
    with store.change() as change:
        change.begin(jobs[2], "launcher", "")
        change.move(jobs[3].id, State.CANCELLED)
    found = page(roster, store)
    assert list(found.numbers) == [jobs[place].number for place in (2, 3, 4, 5, 1)]
    assert found.entries[jobs[2].number].running is not None
    line = found.entries[jobs[1].number].line
    assert line is not None
    assert line.job.state is State.HELD


def test_only_jobs_near_the_one_that_is_looked_at_are_read(store: Store, jobs: list[Job]) -> None:
    """Of 100,000 a screen shows forty."""
    roster = Roster(store)
    found = page(roster, store, View(anchor=jobs[3].number, room=1))
    assert len(found.numbers) == 6
    assert set(found.entries) == {jobs[place].number for place in (2, 3, 4)}
    gone = page(roster, store, View(anchor=99, near=5, room=1))
    assert set(gone.entries) == {jobs[place].number for place in (4, 5)}


def test_what_begins_stands_in_front_before_the_list_is_made_anew(store: Store, jobs: list[Job]) -> None:
    """A list that takes long to make is made less often; what runs, and has just ended, is seen at once all the same."""
    roster = Roster(store, thrift=1e9)
    page(roster, store)
    with store.change() as change:
        attempt = change.begin(jobs[5], "launcher", "")
        assert attempt
    found = page(roster, store)
    assert list(found.numbers) == [jobs[place].number for place in (5, 0, 1, 2, 3, 4)]
    hold(store, [f"#{jobs[0].number}"])
    line = page(roster, store).entries[jobs[0].number].line
    assert line is not None
    assert line.job.state is State.HELD
    assert list(page(roster, store, fresh=True).numbers) == [jobs[place].number for place in (5, 1, 2, 3, 4, 0)]
    with store.change() as change:
        change.end(attempt, Ending(State.DONE, 0), 1.0)
    assert page(roster, store).numbers[0] == jobs[5].number


def test_a_filter_leaves_what_it_names_and_a_wrong_one_says_what_is_wrong(store: Store, jobs: list[Job]) -> None:
    """The words of `status`."""
    roster = Roster(store)
    assert list(page(roster, store, View(("x>4",))).numbers) == [jobs[4].number, jobs[5].number]
    assert "lr" in page(roster, store, View(("lr>4",))).problem
    assert page(roster, store, View(("lr>4",))).numbers == []
    assert page(roster, store, View(("all",))).problem == ""


def test_the_best_come_first_where_somebody_asks_for_that(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """By what each job is judged by; those that have not run stand behind."""
    text = "command: 'true'\ngrid: {x: [1, 2, 3]}\npolicy: {objective: {metric: loss, goal: minimize}}\n"
    losses = {1: 0.5, 2: 0.1, 3: 0.3}
    done = ended(store, experiments(text), str(tmp_path), lambda config: [{"loss": losses[config["x"]]}])
    (waits,) = submit(store, experiments("command: 'true'\nexperiments: [{y: 1}]\n"), str(tmp_path)).jobs
    found = page(Roster(store), store, View(("all",), Order.BEST))
    assert list(found.numbers) == [done[1].number, done[2].number, done[0].number, waits.number]
    assert page(Roster(store), store, View(("all",), Order.NEWEST)).numbers[0] == waits.number
