"""What a host tells with the end of an attempt is kept here with the attempt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.gpus.packing import GpuUse, as_objects
from scheduler.linux.wakeups import Wakeups
from scheduler.queue import origin_rows
from scheduler.queue.interpreters import Interpreter
from scheduler.queue.job import Attempt
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.endings import write_end
from scheduler.runner.obstacles import Obstacles
from scheduler.runner.under_way import Supervision
from tests.contract.runner.clerks import OnAda, Telling, sent_to_ada

PYTHON = {"path": "/there/python", "version": "3.12.1", "packages": ["torch==2.5"]}
PLACE = {"host": "ada", "kernel": "Linux 6.1", "driver": "550.54", "python": PYTHON, "gpus": "0,2"}


@pytest.fixture
def clerk() -> Iterator[Telling]:
    made = Telling()
    yield made
    made.close()


def heard(store: Store, clerk: Telling, attempt: Attempt, what: str, **more: Any) -> None:
    """A runner hears this of it, and writes down what follows."""
    with Wakeups(lambda number: None) as wakeups:
        warmth = SimpleNamespace(ended=lambda *_: None, leave=lambda: None)
        obstacles = Obstacles(lambda _: None)
        jobs = Supervision(Mine(store), OnAda(clerk), wakeups, 1, obstacles, lambda *_: None, warmth, lambda job: False)  # type: ignore[arg-type]
        assert [each.attempt for each in jobs.join()] == [attempt]
        clerk.says(attempt, what, **more)
        wakeups.wait(10)
        with store.change() as change:
            for end in jobs.take_ends():
                write_end(store, change, end)
        jobs.leave()


END = {"state": "failed", "exit_status": 1, "reason": "exit status 1", "duration": 2.0}


@pytest.mark.parametrize("what", ["running", "ended"])
def test_the_python_and_the_gpus_that_it_had_there_are_kept_whenever_they_are_told(
    store: Store, experiments, tmp_path: Path, clerk: Telling, what: str
) -> None:
    """What is brief is over before anybody says that it runs, and was a number without a Python for ever. On which GPU of which
    machine a job runs is what people ask who see one that is busy."""
    attempt = sent_to_ada(store, experiments, tmp_path)
    more = {"end": {**END, "place": PLACE}} if what == "ended" else {"pid": None, "birth": None, "place": PLACE}
    heard(store, clerk, attempt, what, **more)
    now = store.attempt(attempt.job, 1)
    assert now
    assert (now.gpus, now.place, now.site) == ("0,2", "GPU 0,2", "GPU 0,2 of ada")
    found = origin_rows.origin_of(store, now)
    assert found
    assert found.interpreter == Interpreter("/there/python", "3.12.1", ("torch==2.5",))
    assert (found.host, found.kernel, found.driver) == ("ada", "Linux 6.1", "550.54")


def test_memory_that_others_there_have_taken_costs_no_retry(store: Store, experiments, tmp_path: Path, clerk: Telling) -> None:
    """It was the host that had seen them, and the job failed, though it was none of its faults. What it used is remembered."""
    attempt = sent_to_ada(store, experiments, tmp_path)
    use = GpuUse("order", 1, "GPU-7", "Fake", 4096, out_of_memory=True, contended=True)
    heard(store, clerk, attempt, "ended", end={**END, "uses": as_objects([use])})
    job = store.job(attempt.job)
    assert (job.state, job.failures) == (State.QUEUED, 0)
    assert store.gpu_uses([job]) == {job.experiment: (replace(use, job=job.id),)}
