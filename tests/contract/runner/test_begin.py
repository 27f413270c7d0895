"""Jobs that must not start before a time of the wall clock."""

from __future__ import annotations

import threading
import time

import pytest

from scheduler.actions.drive import Terms, drive
from scheduler.actions.explain import explain
from scheduler.queue.mine import Mine
from scheduler.queue.order import call, postpone
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again, submit
from scheduler.runner.devices import Devices
from scheduler.runner.runner import Runner


@pytest.fixture
def queue(store: Store, experiments):
    """Submit jobs x = FIRST ... that begin at a time; returns them."""

    def queued(first: int, count: int = 1, begin: float | None = None):
        text = f"command: ['true', '${{args}}']\ngrid: {{x: {list(range(first, first + count))}}}\n"
        return list(submit(store, experiments(text), "/", begin=begin).jobs)

    return queued


def test_a_job_is_not_seen_before_its_time_has_been_called(store: Store, queue) -> None:
    """What stands in the queue for tonight costs the runner of today nothing, and nobody starts it too early."""
    queue(1, 2, begin=time.time() + 3600)
    queue(3)
    mine = Mine(store)
    (tonight, _, today) = mine.jobs()
    assert mine.waiting(10, time.time()) == [today]
    assert mine.are_queued()
    assert mine.next_begin() == tonight.begin_at
    assert Mine(store, [today]).next_begin() is None
    assert "waits: not before" in explain(store, tonight, Devices(""))
    with store.change() as change:
        call(change, tonight.begin_at - 1)
        assert len(mine.waiting(10, time.time())) == 1
        call(change, tonight.begin_at)
    assert len(mine.waiting(10, time.time())) == 3


def test_the_same_file_with_another_time_or_a_retry_changes_it(store: Store, queue) -> None:
    """People change their minds; a command that says nothing of a time leaves it."""
    (job,) = queue(1, begin=4e9)
    queue(1)
    assert store.job(job.id).begin_at == 4e9
    queue(1, begin=5e9)
    assert store.job(job.id).begin_at == 5e9
    with store.change() as change:
        change.move(job.id, State.CANCELLED, "")
    (again,) = ask_again(store, [job], lost=False)
    assert again.begin_at == 0, "who retries a job means now"


@pytest.mark.timeout(120)
def test_a_runner_sleeps_until_the_time_and_starts_the_job_then(store: Store, queue) -> None:
    """It does not leave, and it does not look again and again: the kernel wakes it."""
    begin = time.time() + 1.0
    (job,) = queue(1, begin=begin)
    turns = []

    class Counted(Mine):
        def next_begin(self) -> float | None:
            turns.append(1)
            return super().next_begin()

    Runner(Counted(store), Devices(""), 1, lambda notice: None).run()
    (attempt,) = store.attempts(job.id)
    assert store.job(job.id).state is State.DONE
    assert attempt.started >= begin
    assert len(turns) < 20


@pytest.mark.timeout(120)
def test_a_runner_that_waits_for_the_evening_leaves_when_a_person_cancels_the_job(store: Store, home, queue) -> None:
    """Otherwise it would sit there until the evening, for nothing."""
    (job,) = queue(1, begin=time.time() + 36000)
    asleep = threading.Event()

    def cancel() -> None:
        asleep.wait(60)
        with Store(home) as other, other.change() as change:
            change.move(job.id, State.CANCELLED, "cancelled by a person")

    person = threading.Thread(target=cancel)
    person.start()
    asleep.set()
    driven = drive(store, [job], Devices(""), Terms(slots=1), lambda notice: None)
    person.join()
    assert [each.state for each in driven.jobs] == [State.CANCELLED]


def test_a_time_that_is_over_means_at_once(store: Store, queue) -> None:
    """`--begin now`, and a time that passed while the command was typed."""
    (job,) = queue(1, begin=4e9)
    with store.change() as change:
        postpone(change, [job.number], 0)
    assert Mine(store).next_begin() is None
    assert len(Mine(store).waiting(1, 1.0)) == 1
