"""Which of the waiting jobs comes first, on real SQLite."""

from __future__ import annotations

import pytest

from scheduler.actions.explain import explain
from scheduler.actions.move import FIRST, LAST, move
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices


@pytest.fixture
def queue(store: Store, experiments):
    """Submit jobs x = FIRST ... of a priority; returns them."""

    def queued(first: int, count: int = 1, priority: int = 0, retries: int = 0):
        text = f"grid: {{x: {list(range(first, first + count))}}}\npolicy: {{priority: {priority}, retries: {retries}}}\n"
        return list(submit(store, experiments(f"experiment_group: G{first}\ncommand: ['true', '${{args}}']\n{text}"), "/").jobs)

    return queued


def order(store: Store, mine: Mine | None = None) -> list[int]:
    return [job.config["x"] for job in (mine or Mine(store)).waiting(100, 1.0)]


def test_the_higher_priority_comes_first_and_equal_ones_in_their_order(store: Store, queue) -> None:
    """What everybody means by a priority; below 0 is for what may wait for the night."""
    queue(1, 2), queue(3, 2, priority=7), queue(5, 1, priority=-1), queue(6, 1), queue(7, 1, priority=7)
    assert order(store) == [3, 4, 7, 1, 2, 6, 5]


def test_a_runner_sees_its_own_jobs_by_their_priority(store: Store, queue) -> None:
    """Others' urgent jobs are others', and a page does not skip what stands behind it at a lower level."""
    ours = queue(1, 2)
    queue(3, 2, priority=9)
    ours += queue(5, 1, priority=2)
    mine = Mine(store, ours)
    assert order(store, mine) == [5, 1, 2]
    (first,) = mine.waiting(1, 1.0)
    assert [job.config["x"] for job in mine.waiting(5, 1.0, after=first)] == [1, 2]
    assert [job.config["x"] for job in mine.waiting(5, 1.0, after=ours[0])] == [2]


def test_moved_jobs_come_before_or_after_all_others_and_keep_their_order(store: Store, queue) -> None:
    """`move JOB first` is what task-spooler's users know as -u; two that are moved one after the other: the last word wins."""
    jobs = queue(1, 3) + queue(4, 1, priority=5)
    moved = move(store, [jobs[2].id, jobs[1].id], FIRST)
    assert ([job.id for job in moved.jobs], moved.priority) == ([jobs[1].id, jobs[2].id], 6)
    assert order(store) == [2, 3, 4, 1]
    move(store, [jobs[0].id], FIRST)
    assert order(store) == [1, 2, 3, 4]
    assert move(store, [jobs[0].id], FIRST).priority == 7, "it is the first already: moving it again changes nothing"
    move(store, [jobs[1].id], LAST)
    assert order(store) == [1, 3, 4, 2]
    move(store, [jobs[2].id], -9)
    assert order(store) == [1, 4, 2, 3]


def test_a_job_that_does_not_wait_is_not_moved(store: Store, queue) -> None:
    """Its turn is over; the others that were named are moved all the same."""
    running, waiting = queue(1, 2)
    with store.change() as change:
        change.begin(running, "launcher", "")
    moved = move(store, ["all"], 3)
    assert ([job.id for job in moved.jobs], moved.others) == ([waiting.id], 1)
    assert store.job(running.id).priority == 0


def test_a_file_that_is_run_again_takes_a_move_back_only_where_it_says_another_priority(store: Store, queue) -> None:
    """A person has put the job there; that its file has got a retry more is no reason to put it elsewhere."""
    (job,) = queue(1, priority=2)
    move(store, [job.id], 5)
    queue(1, priority=2, retries=1)
    assert (store.job(job.id).priority, store.job(job.id).policy.retries) == (5, 1)
    queue(1, priority=3, retries=1)
    assert store.job(job.id).priority == 3


def test_explain_counts_those_that_start_before(store: Store, queue) -> None:
    """By priority, not by age."""
    queue(1, 3)
    (urgent,), (late,) = queue(4, priority=1), queue(5, priority=-1)
    assert "nothing is in its way" in explain(store, urgent, Devices(""))
    assert "4 queued before it" in explain(store, late, Devices(""))
