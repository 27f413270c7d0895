"""Two runners wait for one attempt in a cluster. The first that hears of its end writes it down and removes the files that told
of it: what the other finds then is no end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.queue.job import Attempt, Ending
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.obstacles import Obstacles
from scheduler.runner.under_way import Supervision
from scheduler.slurm import batch

DONE = Ending(State.DONE, 0, "")
FAILED = {"state": "failed", "exit_status": None, "reason": "our launcher could not write", "duration": None}
NOTHING_FOUND = [{"is": "ended", "end": FAILED}, {"is": "dropped", "why": ""}]


def begun(store: Store, experiments) -> Attempt:
    (job,) = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1]}\n"), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, batch.launcher_of("array", 0), "")
    assert attempt
    return attempt


class Another:
    """A runner that joins what is there, and hears what is said to it."""

    def __init__(self, store: Store) -> None:
        devices = Devices("")
        devices.fleet = self._fleet  # type: ignore[method-assign]
        warmth: Any = SimpleNamespace(ended=lambda *_: None, leave=lambda: None)
        wakeups: Any = SimpleNamespace(watch=lambda *_: None)
        obstacles = Obstacles(lambda _: None)
        self.jobs = Supervision(Mine(store), devices, wakeups, 1, obstacles, lambda *_: None, warmth, lambda job: False)
        self.joined = [each.attempt for each in self.jobs.join()]

    def _fleet(self, _: object, heard: Any) -> Any:
        self.hear = heard
        return SimpleNamespace(attend=lambda attempt: SimpleNamespace(), resize=lambda limit: None)


@pytest.mark.parametrize("found", NOTHING_FOUND, ids=lambda found: found["is"])
def test_the_end_that_another_runner_has_written_is_the_one_that_counts(store: Store, experiments, found: dict[str, Any]) -> None:
    """Of a job that was done, the second of two commands said that it had failed, and a sweep took it for a failed trial."""
    attempt = begun(store, experiments)
    second = Another(store)
    assert second.joined == [attempt]
    with store.change() as change:
        assert change.end(attempt, DONE, 2.0)
    second.hear({"attempt": attempt.name, **found})
    assert [(each.found, each.duration) for each in second.jobs.take_ends()] == [(DONE, 2.0)]


def test_an_end_that_nobody_has_written_is_the_one_that_is_told(store: Store, experiments) -> None:
    """Else an attempt whose launcher could not write would run for ever."""
    attempt = begun(store, experiments)
    second = Another(store)
    second.hear({"attempt": attempt.name, **NOTHING_FOUND[0]})
    assert [each.found for each in second.jobs.take_ends()] == [Ending(State.FAILED, None, "our launcher could not write")]
