"""Stopping a runner from another thread, on a real store and real jobs."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.actions.brake import Brake
from scheduler.actions.cancel import cancel_all
from scheduler.actions.drive import Driven, Terms, drive
from scheduler.actions.notices import Told
from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Started


@pytest.fixture
def driven(store: Store, experiments, tmp_path: Path) -> Iterator[Callable[..., Driven]]:
    """Drives two jobs, one at a time; `presses` of the brake come when the first starts."""

    def drives(script: str, brake: Brake, presses: int) -> Driven:
        def tell(told: Told) -> None:
            for _ in range(presses if isinstance(told, Started) and not brake.presses else 0):
                brake.press()

        command = json.dumps(["sh", "-c", script, "sh", "${args_no_hyphens}"])
        jobs = submit(store, experiments(f"command: {command}\ngrid: {{x: [1, 2]}}\n"), str(tmp_path)).jobs
        return drive(store, jobs, Devices("the test's machine"), Terms(1, grace=60.0, brake=brake), tell)

    yield drives
    cancel_all(store, store.numbers("1"), lambda _: None, 0.0)


def test_pressed_before_anything_runs_nothing_is_started(driven, store: Store) -> None:
    """A Ctrl-C while the file is read is a Ctrl-C: the runner hears it before its first start, not after."""
    brake = Brake()
    brake.press()
    assert driven("touch started", brake, 0).interrupted
    assert [(job.state, job.attempts) for job in store.jobs()] == [(State.QUEUED, 0)] * 2


def test_pressed_once_what_runs_ends_by_itself_and_nothing_follows(driven, store: Store) -> None:
    """The first Ctrl-C costs nobody his work."""
    assert driven("sleep 0.2", Brake(), 1).interrupted
    assert [job.state for job in store.jobs()] == [State.DONE, State.QUEUED]


def test_pressed_twice_what_runs_is_stopped(driven, store: Store) -> None:
    """The second asks it to save its work and end."""
    assert driven("exec sleep 1000", Brake(), 2).interrupted
    assert [job.state for job in store.jobs()] == [State.CANCELLED, State.QUEUED]


def test_pressed_a_third_time_the_runner_leaves_at_once(driven, store: Store) -> None:
    """Whoever has no patience for a job that saves its work need not wait for it; its launcher goes on stopping it."""
    left = driven("trap '' INT; while :; do sleep 1; done", Brake(), 3).left
    assert left is not None
    assert left.number == signal.SIGINT
    assert store.jobs()[0].state not in ENDED
