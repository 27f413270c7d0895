"""What is done with many jobs at once, and what words mean in a directory, on a real store."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from scheduler.actions.cancel import cancel_all
from scheduler.actions.hold import FEW, hold, release
from scheduler.actions.status import status
from scheduler.errors import UserError
from scheduler.experiments import Experiment
from scheduler.queue.selection import none_of, select_single
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again, submit

Experiments = Callable[[str], list[Experiment]]


@pytest.fixture
def many(store: Store, experiments: Experiments, tmp_path: Path) -> Store:
    """More queued jobs than are listed without being asked for."""
    submit(store, experiments(f"command: ['true']\ngrid: {{x: {list(range(FEW + 10))}}}\n"), str(tmp_path))
    return store


def test_many_jobs_are_held_and_released_without_a_row_for_each(many: Store) -> None:
    """300,000 rows scrolled past, after most of a minute in which they were read."""
    held = hold(many, ["queued"])
    assert (held.named, held.moved, held.jobs, many.counts()) == (FEW + 10, FEW + 10, None, {"held": FEW + 10})
    released = release(many, ["held"], every=True)
    assert released.jobs is not None
    assert [job.state for job in released.jobs] == [State.QUEUED] * (FEW + 10)


def test_of_many_jobs_only_those_that_may_move_do_and_each_leaves_its_event(many: Store) -> None:
    """What is over stays as it is, and the history of every job explains its state."""
    first, *rest = many.jobs()
    cancel_all(many, [first.number], lambda _: None)
    assert (hold(many, ["all"]).moved, many.job(first.id).state) == (FEW + 9, State.CANCELLED)
    assert [event["state"] for event in many.events(first.id)] == ["queued", "cancelled"]
    assert [event["state"] for event in many.events(rest[0].id)] == ["queued", "held"]


@pytest.mark.parametrize("places", [range(5), range(20, 30), [0, 2, 4], [7], [3, 4, 6], []])
def test_what_is_cancelled_are_the_jobs_with_these_numbers_and_no_other(many: Store, places: Sequence[int]) -> None:
    """Numbers that follow one another are told as a range: one that is a job too wide takes somebody's job away."""
    jobs = many.jobs()
    cancel_all(many, [jobs[place].number for place in reversed(places)], lambda _: None)
    cancelled = [place for place, job in enumerate(many.jobs()) if job.state is State.CANCELLED]
    assert cancelled == list(places)


def test_status_says_of_how_many_jobs_it_shows_some(many: Store) -> None:
    """Who looks for the 51st job must know that there is one."""
    found = status(many, ["queued"], 3)
    assert ([line.job.number for line in found.lines], found.of) == ([FEW + 8, FEW + 9, FEW + 10], FEW + 10)


def test_last_is_the_newest_job_of_what_was_asked_last_in_this_directory(
    store: Store, experiments: Experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was that of another file, or of another directory, whenever jobs of before were run again."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    first = submit(store, experiments("command: ['true']\ngrid: {x: [1, 2]}\n"), str(here)).jobs[-1]
    second = submit(store, experiments("command: ['true']\ngrid: {x: [3]}\n"), str(here)).jobs[-1]
    elsewhere = submit(store, experiments("command: ['true']\ngrid: {x: [4]}\n"), str(there)).jobs[-1]
    monkeypatch.chdir(here)
    assert select_single(store, "last").id == second.id
    submit(store, experiments("command: ['true']\ngrid: {x: [1, 2]}\n"), os.fspath(here))
    assert select_single(store, "last").id == first.id
    ask_again(store, [second], lost=False)
    assert select_single(store, "last").id == second.id
    monkeypatch.chdir(tmp_path)
    assert select_single(store, "last").id == elsewhere.id, "where nothing was ever asked it is the newest of all"


def test_a_selection_of_nothing_is_said(store: Store) -> None:
    """Silence looks like a command that did not work."""
    said = [none_of([word]) for word in ("failed", "group:G", "all")]
    assert said == ["no failed jobs", "no jobs in the group G", "no jobs yet"]
    with pytest.raises(UserError, match="no failed jobs"):
        select_single(store, "failed")
