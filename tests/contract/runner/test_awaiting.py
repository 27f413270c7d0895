"""A runner whose jobs come after others: what it runs, what people hear, and when it leaves."""

from __future__ import annotations

import pytest

from scheduler.actions.drive import Terms, drive, drive_everything
from scheduler.experiments.after import After
from scheduler.home import Home
from scheduler.queue.job import Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.awaiting import Awaiting
from scheduler.runner.devices import Devices
from scheduler.runner.left_out import LeftOut
from scheduler.runner.notices import Notice, Skipped, Started, Waiting
from tests.contract.runner.meanwhile import Watched, nothing


@pytest.fixture
def queue(store: Store, experiments, tmp_path):
    """Submit so many jobs of a group that run a command, after others; returns them."""

    def queued(group: str, count: int, command: str, *after: str) -> list[Job]:
        text = f"experiment_group: {group}\ncommand: [{command}, '${{args}}']\ngrid: {{x: {list(range(count))}}}\n"
        return list(submit(store, experiments(text), str(tmp_path), after=After(after) if after else None).jobs)

    return queued


def groups(notices: list[Notice]) -> list[str | None]:
    return [notice.job.group for notice in notices if isinstance(notice, Started)]


def test_who_runs_a_job_runs_what_it_comes_after_too(store: Store, queue) -> None:
    """Otherwise it would wait for a runner that nobody has started. What has nothing to do with it stays queued."""
    queue("Prep", 2, "'true'")
    queue("Other", 1, "'true'")
    jobs = queue("Train", 1, "'true'", "Prep")
    jobs = queue("Test", 1, "'true'", "Train")
    notices: list = []
    driven = drive(store, jobs, Devices(""), Terms(slots=4), notices.append)
    assert groups(notices) == ["Prep", "Prep", "Train", "Test"]
    assert driven.all_succeeded
    assert [job.state.value for job in store.jobs()] == ["done", "done", "queued", "done", "done"]


def test_jobs_that_are_skipped_are_told_together_and_the_run_has_not_succeeded(store: Store, queue) -> None:
    """A line for each of a thousand would hide the one that failed."""
    (bad,) = queue("Bad", 1, "'false'")
    queue("Train", 3, "'true'", "Bad")
    notices: list = []
    driven = drive_everything(store, Devices(""), Terms(slots=2), notices.append, forever=False)
    (skipped,) = [notice for notice in notices if isinstance(notice, Skipped)]
    assert (len(skipped.jobs), skipped.reason) == (3, f"it comes after {bad.short_id}, which failed")
    assert sorted(job.state.value for job in driven.jobs) == ["failed", "skipped", "skipped", "skipped"]
    assert not driven.all_succeeded


@pytest.mark.timeout(120)
def test_a_runner_leaves_when_all_that_is_left_comes_after_a_job_that_is_held(store: Store, queue) -> None:
    """It could wait for days; instead it says what stays queued, and why."""
    (held,) = queue("Prep", 1, "'true'")
    with store.change() as change:
        change.move(held.id, State.HELD, "by a person")
    jobs = queue("Train", 2, "'true'", "Prep") + queue("Free", 1, "'true'")
    notices: list = []
    driven = drive(store, jobs, Devices(""), Terms(slots=2), notices.append)
    assert groups(notices) == ["Free"]
    (left,) = driven.left_out
    assert isinstance(left, LeftOut)
    assert (left.why.reason, left.numbers) == (f"after {held.short_id}, which is held", {jobs[0].number, jobs[1].number})  # type: ignore[union-attr]
    assert not driven.all_succeeded
    (waits,) = [notice for notice in notices if isinstance(notice, Waiting)]
    assert (waits.jobs, waits.reason) == (2, f"after {held.short_id}, which is held")


@pytest.mark.timeout(120)
def test_a_runner_leaves_when_what_the_rest_comes_after_fails_too_often_to_be_started(store: Store, queue) -> None:
    """Five failures in a row and the program is left out: what comes after the sixth cannot come."""
    queue("Bad", 8, "'false'")
    after = queue("Train", 2, "'true'", "group:Bad")
    with store.change() as change:  # they wait for all, however these end
        change.connection.execute("UPDATE prerequisite SET anyhow = 1")
        change.connection.execute("UPDATE job SET state = 'queued' WHERE state = 'skipped'")
    driven = drive(store, after, Devices(""), Terms(slots=1), lambda notice: None)
    assert sorted(len(each.numbers) for each in driven.left_out) == [2, 3]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_job_that_is_skipped_while_a_runner_looks_is_told_once(store: Store, home: Home, queue, is_first: bool) -> None:
    """Between its look at what was skipped and that for the last event it was told never."""
    (bad,) = queue("Bad", 1, "'false'")
    queue("Train", 1, "'true'", "Bad")

    def fail() -> None:
        with store.change() as change:
            attempt = change.begin(bad, "launcher", "")
            assert attempt
            change.end(attempt, Ending(State.FAILED, 1), 0.1)

    with Watched(home) as watched:
        awaiting = Awaiting(Mine(watched))
        watched.moments = [(fail, nothing) if is_first else (nothing, fail)]
        told = [notice for _ in range(3) for notice in awaiting.news([], idle=False)]
    assert [type(notice) for notice in told] == [Skipped]
