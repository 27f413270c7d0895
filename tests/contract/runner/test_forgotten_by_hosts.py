"""A host that has lost its state directory, or was given another one, knows nothing of what it was sent."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import pytest

from scheduler.queue.job import Attempt, Ending
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.notices import Ended, Notice
from scheduler.runner.runner import Runner
from scheduler.ssh.orders import Host
from tests.contract.runner.clerks import OnAda, Telling, sent_to_ada


class Forgetful(Telling):
    """The host says of every order that it is not there."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: list[str] = []

    def watch(self, attempt: Attempt) -> Host:
        assert attempt.name not in self._asked, "it has been said what is known of it"
        self._asked.append(attempt.name)
        self.says(attempt, "dropped", why="")
        return super().watch(attempt)


@pytest.fixture
def clerk() -> Iterator[Forgetful]:
    made = Forgetful()
    yield made
    made.close()


@contextmanager
def ended_in_time(runner: Runner) -> Iterator[None]:
    """Fails where it has not come to its end after a generous while."""
    deadline = Timer(100, runner.interrupt, [signal.SIGTERM])
    deadline.start()
    try:
        yield
    except HungUp:
        raise AssertionError("after 100 s it still waits for what never comes") from None
    finally:
        deadline.cancel()


def test_what_ran_on_a_host_that_knows_nothing_of_it_any_more_is_lost(store: Store, experiments, clerk: Forgetful) -> None:
    """It is no job that never began; and a runner that asked for it again and again took a core and never came to its end."""
    attempt = sent_to_ada(store, experiments, "/")
    with store.change() as change:
        change.runs(attempt, None, None)
    told: list[Notice] = []
    runner = Runner(Mine(store, store.jobs()), OnAda(clerk), 1, told.append)
    with ended_in_time(runner):
        runner.run()
    lost = Ending(State.LOST, None, "ada knows nothing of it any more")
    assert [each.ending for each in store.attempts(attempt.job)] == [lost]
    assert [each.ending for each in told if isinstance(each, Ended)] == [lost], "who waits for it hears of it"


@pytest.mark.parametrize(
    ("has_begun", "reason"), [(True, "it had begun, and ada knows nothing of it any more"), (False, "stopped before it started")]
)
def test_of_what_was_to_be_stopped_there_it_is_said_what_is_known(
    store: Store, experiments, clerk: Forgetful, has_begun: bool, reason: str
) -> None:
    """A job that had run for hours was said to have been stopped before it started; and whoever waited for it heard nothing."""
    attempt = sent_to_ada(store, experiments, "/", "policy: {resumable: true}")
    with store.change() as change:
        if has_begun:
            change.runs(attempt, None, None)
        change.stopping(attempt, "cancelled by a person")
    told: list[Notice] = []
    clerk.stop = lambda *_: None  # type: ignore[attr-defined]
    runner = Runner(Mine(store, store.jobs()), OnAda(clerk), 1, told.append)
    with ended_in_time(runner):
        runner.run()
    ended = Ending(State.CANCELLED, None, reason)
    assert [each.ending for each in store.attempts(attempt.job)] == [ended]
    assert [each.ending for each in told if isinstance(each, Ended)] == [ended], "who waits for it hears of it"
    assert store.job(attempt.job).state is State.CANCELLED, "nobody starts it again"
