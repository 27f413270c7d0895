"""The jobs that one process drives, among many of others, on real SQLite."""

from __future__ import annotations

import pytest

from scheduler.queue.job import Ending, Job
from scheduler.queue.mine import EVERYTHING, Mine
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


def test_the_queued_of_ours_that_nobody_drives_are_counted_without_being_read(store: Store, among_others: list[Job]) -> None:
    """A wait looks at each write to a queue of 60,000; the jobs of others count for nothing, ranges that overlap count once."""
    mine, numbers = Mine(store, among_others), [job.number for job in among_others]
    assert mine.queued_outside([]) == 10
    assert mine.queued_outside(EVERYTHING) == 0
    assert mine.queued_outside([(numbers[8], 1 << 40), (numbers[7], numbers[8]), (1, 2), (numbers[0], numbers[1])]) == 5
    assert mine.queued_outside([(numbers[5], numbers[6]), (numbers[5], numbers[9])]) == 5
    with store.change() as change:
        change.begin(among_others[0], "launcher", "")
    assert mine.queued_outside([]) == 9
    assert Mine(store).queued_outside([(1, numbers[0])]) == store.counts()["queued"] - numbers[0] + 1


def test_whether_ours_are_over_and_which_is_not_is_one_look(store: Store, among_others: list[Job]) -> None:
    """Between two looks a job that has failed may be put back into the queue: in neither place, it counted as over."""
    mine = Mine(store, among_others[:2])
    assert (mine.are_over(), mine.first_open(), mine.open_attempts()) == (False, among_others[0], [])
    with store.change() as change:
        attempt = change.begin(among_others[0], "launcher", "")
        change.end(attempt, Ending(State.DONE, 0, ""), 1.0)
        second = change.begin(among_others[1], "launcher", "")
    assert (mine.are_over(), mine.first_open().id, mine.open_attempts()) == (False, among_others[1].id, [second])
    with store.change() as change:
        change.end(second, Ending(State.FAILED, 1, ""), 1.0)
    assert (mine.are_over(), mine.first_open(), mine.open_attempts()) == (True, None, [])
    with store.change() as change:
        change.ask_again(among_others[0].id, "retry")
        change.move_all("id = ?", (among_others[0].id,), (State.QUEUED,), State.HELD, "held")
    assert (mine.are_over(), mine.first_open().id) == (False, among_others[0].id)


def test_what_was_skipped_is_asked_of_the_new_events_alone(store: Store, experiments) -> None:
    """A runner asks in every turn of its loop; looking through all its jobs each time would cost hours among 100,000."""
    submit(store, experiments(grid(0, CROWD)), "/")
    mine, steps = Mine(store), []
    last = store.last_event()
    store.connection.set_progress_handler(lambda: steps.append(1), 10)  # tens of SQLite's own steps
    assert mine.skipped_since(last) == {}
    store.connection.set_progress_handler(None, 0)
    assert len(steps) < CROWD / 100
