"""The jobs that one process drives, among many of others, on real SQLite."""

from __future__ import annotations

import pytest

from scheduler.queue.job import Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit

CROWD = 3000


def grid(first: int, count: int) -> str:
    return f"command: ['true', '${{args}}']\ngrid: {{x: {list(range(first, first + count))}}}\n"


@pytest.fixture
def among_others(store: Store, experiments) -> list[Job]:
    """Ten jobs of ours, in two ranges, before, between and behind which thousands of others are queued."""
    ours: list[Job] = []
    for first, count in ((0, CROWD), (CROWD, 5), (CROWD + 5, 1), (CROWD + 6, 5), (CROWD + 11, 100)):
        jobs = submit(store, experiments(grid(first, count)), "/").jobs
        ours += jobs if count == 5 else ()
    return ours


def test_only_our_jobs_are_seen_in_their_order(store: Store, among_others: list[Job]) -> None:
    """A runner drives its own file's jobs; those of others stand before, between and behind them."""
    mine = Mine(store, reversed(among_others))
    assert mine.waiting(7, 1.0) == among_others[:7]
    assert mine.jobs() == among_others
    assert mine.counts() == {State.QUEUED: 10}
    assert mine.are_queued()
    mine = Mine(store, [])
    assert (mine.waiting(7, 1.0), mine.jobs(), mine.are_queued()) == ([], [], False)
    mine = Mine(store)
    assert mine.waiting(CROWD + 1, 1.0)[-1] == among_others[0]


def test_a_job_that_is_added_twice_is_seen_once(store: Store, among_others: list[Job]) -> None:
    """A sweep adds its trials one by one, and may meet one again: started twice it would be counted twice."""
    mine = Mine(store, [])
    mine.add(among_others[1:2])
    mine.add(among_others[:2])
    mine.add(among_others[1:4])
    mine.add([among_others[9], among_others[0]])
    assert mine.waiting(100, 1.0) == [*among_others[:4], among_others[9]]


def test_a_long_queue_of_others_costs_a_runner_nothing(store: Store, among_others: list[Job]) -> None:
    """It looks at every turn of its loop: with 100,000 jobs of others before its own, a scan took 37 ms each time."""
    mine = Mine(store, among_others)
    steps = [0]

    def count() -> None:
        steps[0] += 1

    connection = store._database.connection
    connection.set_progress_handler(count, 100)
    mine.waiting(10, 1.0)
    mine.are_queued()
    mine.next_due(1.0)
    mine.active_names()
    connection.set_progress_handler(None, 0)
    assert steps[0] < CROWD // 100, "hundreds of steps of SQLite's machine: as many as there are jobs of others"


def test_a_pause_is_over_at_its_time_and_belongs_to_our_jobs_alone(store: Store, among_others: list[Job]) -> None:
    """What is due and what pauses are two halves of the queue: a job in neither would never start."""
    for job in (among_others[0], store.jobs(limit=1)[0]):
        with store.change() as change:
            attempt = change.begin(job, "launcher", "")
            assert attempt
            change.end(attempt, Ending(State.FAILED, 1), 0.1)
            change.retry_by_policy(attempt)
    (due,) = {row[0] for row in store.read("SELECT not_before FROM job WHERE id = ?", (among_others[0].id,))}
    mine = Mine(store, among_others)
    assert mine.next_due(due - 0.5) == due
    assert [job.id for job in mine.waiting(100, due - 0.5)] == [job.id for job in among_others[1:]]
    assert mine.next_due(due) is None
    assert [job.id for job in mine.waiting(100, due)] == [job.id for job in among_others]
