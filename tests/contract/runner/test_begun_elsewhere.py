"""What another machine has, and has not begun: it does not run yet, and its time counts from its begin."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.queue.job import Attempt
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Interrupted, Joined, Notice, UnderWay
from scheduler.runner.pulse import Pulse
from scheduler.runner.runner import Runner
from scheduler.ssh.orders import Host
from tests.contract.runner.clerks import OnAda, Telling, sent_to_ada

RUNS = {"pid": None, "birth": None}
END = {"state": "done", "exit_status": 0, "reason": "", "duration": 2.0}
HOUR = 3600.0


class Prompt(Telling):
    """It says what is there of an attempt as soon as it is asked to watch it, and takes back what is `waiting`."""

    def __init__(self) -> None:
        super().__init__()
        self.there = defaultdict[str, list[tuple[str, dict[str, Any]]]](list)
        self.waiting: list[Attempt] = []

    def watch(self, attempt: Attempt) -> Host:
        for what, more in self.there[attempt.name]:
            self.says(attempt, what, **more)
        return super().watch(attempt)

    def call_back(self) -> None:
        for each in self.waiting:
            self.says(each, "dropped", why="")
        self.waiting.clear()


@pytest.fixture
def clerk() -> Iterator[Prompt]:
    made = Prompt()
    yield made
    made.close()


def joined(store: Store, clerk: Prompt, attempt: Attempt, age: float | None) -> Attempt:
    """As it is known after a runner has joined it, heard that it runs, and that it has ended."""
    clerk.there[attempt.name] = [("running", {"age": age, **RUNS}), ("ended", {"end": END})]
    Runner(Mine(store, store.jobs()), OnAda(clerk), 1, lambda _: None).run()
    (now,) = store.attempts(attempt.job)
    assert now.ending
    return now


def handed_over(store: Store, attempt: Attempt, before: float) -> Attempt:
    """It was so many seconds ago."""
    with store.change() as change:
        change.connection.execute("UPDATE attempt SET started = started - ? WHERE job = ?", (before, attempt.job))
    return store.attempts(attempt.job)[-1]


def test_it_has_begun_when_it_began_there_and_not_when_it_was_handed_over(
    store: Store, experiments, tmp_path, clerk: Prompt
) -> None:
    """It may wait for days in the queue of a cluster; `status` showed these days as time that it had run."""
    attempt = handed_over(store, sent_to_ada(store, experiments, tmp_path), 2 * HOUR)
    before = time.time()
    assert before - HOUR <= joined(store, clerk, attempt, HOUR).started <= time.time() - HOUR


def test_of_a_machine_that_does_not_say_when_it_has_begun_now(store: Store, experiments, tmp_path, clerk: Prompt) -> None:
    """An older exp-queue there says only that it runs."""
    attempt = handed_over(store, sent_to_ada(store, experiments, tmp_path), 2 * HOUR)
    before = time.time()
    assert before <= joined(store, clerk, attempt, None).started <= time.time()


def test_nothing_has_begun_before_it_was_handed_over(store: Store, experiments, tmp_path, clerk: Prompt) -> None:
    """Whatever the clock of the other machine says."""
    attempt = handed_over(store, sent_to_ada(store, experiments, tmp_path), HOUR)
    assert joined(store, clerk, attempt, 2 * HOUR).started == attempt.started


def test_what_was_known_to_run_has_begun_then(store: Store, experiments, tmp_path, clerk: Prompt) -> None:
    """A runner that joins it hears once more that it runs, from an older exp-queue without a moment."""
    attempt = sent_to_ada(store, experiments, tmp_path)
    with store.change() as change:
        change.runs(attempt, None, None, began=attempt.started - HOUR)
    assert joined(store, clerk, attempt, None).started == attempt.started - HOUR


def test_what_waits_there_is_neither_told_of_as_running_nor_waited_for(
    store: Store, experiments, tmp_path, clerk: Prompt
) -> None:
    """`has run 1 min` of a job that Slurm had not begun sent people to look for its output; and after a Ctrl-C it was said that
    four were waited for, of which three were taken back."""
    runs, waits = (handed_over(store, sent_to_ada(store, experiments, tmp_path, x=x), 2 * HOUR) for x in (1, 2))
    clerk.there[runs.name], clerk.waiting = [("running", {"age": HOUR, **RUNS})], [waits]
    told: list[Notice] = []

    def ticks() -> list[UnderWay]:
        return [each for each in told if isinstance(each, UnderWay)]

    def tell(notice: Notice) -> None:
        told.append(notice)
        if len(ticks()) == 3 and notice is ticks()[-1]:
            runner.interrupt(signal.SIGINT)
        if isinstance(notice, Interrupted):
            clerk.says(runs, "ended", end=END)

    runner = Runner(Mine(store, store.jobs()), OnAda(clerk), 2, tell, pulse=Pulse(every=0.001))
    runner.run()
    assert {each.attempt.name for each in ticks()} == {runs.name}
    assert all(HOUR <= each.seconds < 2 * HOUR for each in ticks()), "from its begin, not from the look or the hand-over"
    assert [(each.times, each.running, each.waiting) for each in told if isinstance(each, Interrupted)] == [(1, 1, 1)]
    assert [store.job(each.job).state for each in (runs, waits)] == [State.DONE, State.QUEUED]


def test_what_another_run_has_given_away_is_waited_for_by_a_run_that_cannot_take_it_back(
    store: Store, experiments, tmp_path
) -> None:
    """A run without `--on` has nobody to ask; it only waits, and nothing goes back into the queue."""
    sent_to_ada(store, experiments, tmp_path)
    told: list[Notice] = []

    def tell(notice: Notice) -> None:
        told.append(notice)
        if isinstance(notice, Joined):
            runner.interrupt(signal.SIGINT)
        if isinstance(notice, Interrupted):
            runner.interrupt(signal.SIGTERM)

    runner = Runner(Mine(store, store.jobs()), Devices("the test's machine"), 1, tell)
    with pytest.raises(HungUp):
        runner.run()
    assert [(each.running, each.waiting) for each in told if isinstance(each, Interrupted)] == [(1, 0)]
