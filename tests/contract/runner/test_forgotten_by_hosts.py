"""A host that has lost its state directory, or was given another one, knows nothing of what it was sent."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import pytest

from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Ended, Notice
from scheduler.runner.runner import Runner
from scheduler.ssh.fleet import SshFleet
from scheduler.ssh.hosts import launcher_of
from scheduler.ssh.orders import Host


class Forgetful:
    """As the clerk: the only host says of every order that it is not there."""

    def __init__(self) -> None:
        self.hosts = [Host("ada")]
        self.asked: list[str] = []
        self._reports: list[dict[str, Any]] = []
        self._readable, self._woken = os.pipe()

    def fileno(self) -> int:
        return self._readable

    def host(self, name: str) -> Host:
        return self.hosts[0]

    def watch(self, attempt: Attempt) -> Host:
        assert attempt.name not in self.asked, "it has been said what is known of it"
        self.asked.append(attempt.name)
        self._reports.append({"is": "dropped", "attempt": attempt.name, "launcher": attempt.launcher, "why": ""})
        os.write(self._woken, b".")
        return self.hosts[0]

    def reports(self) -> list[dict[str, Any]]:
        os.read(self._readable, 1)
        found, self._reports = self._reports, []
        return found

    def forget(self, launcher: str) -> None:
        """It has nothing of it."""

    def close(self) -> None:
        os.close(self._readable)
        os.close(self._woken)


class OnForgetful(Devices):
    """What a runner is given of that host."""

    def __init__(self, clerk: Forgetful) -> None:
        super().__init__("")
        self._clerk = clerk

    def fleet(self, wakeups: Wakeups, heard: Callable[[dict[str, Any]], None]) -> SshFleet:
        return SshFleet(self._clerk, ["ada"], wakeups, heard)  # type: ignore[arg-type]


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
    submission = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1]}\n"), "/")
    with store.change() as change:
        attempt = change.begin(submission.jobs[0], launcher_of("ada", "order"), "")
        assert attempt
        change.runs(attempt, None, None)
    told: list[Notice] = []
    runner = Runner(Mine(store, submission.jobs), OnForgetful(clerk), 1, told.append)
    with ended_in_time(runner):
        runner.run()
    lost = Ending(State.LOST, None, "ada knows nothing of it any more")
    assert [each.ending for each in store.attempts(attempt.job)] == [lost]
    assert [each.ending for each in told if isinstance(each, Ended)] == [lost], "who waits for it hears of it"
