"""A launcher that is begun before its runner: real launchers, real jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.early import Early
from scheduler.runner.runner import Runner


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its port is held where the test's user has nothing else."""
    (tmp_path / "claims").mkdir()
    monkeypatch.setenv("EXP_QUEUE_LOCK_DIR", str(tmp_path / "claims"))


def launchers(home: Home) -> list[str]:
    return [path.stem for path in home.launchers.glob("*.journal")]


def run(store: Store, experiments, tmp_path: Path, devices: Devices, count: int, slots: int) -> list[str]:
    """Run so many jobs, so many at once; the launchers that had them."""
    text = f"command: ['true', '${{args}}']\ngrid: {{x: {list(range(count))}}}\n"
    jobs = submit(store, experiments(text), str(tmp_path)).jobs
    Runner(Mine(store, jobs), devices, slots, lambda notice: None).run()
    return [attempt.launcher for job in store.jobs() for attempt in store.attempts(job.id)]


def test_the_first_job_starts_in_the_launcher_that_is_there(store: Store, experiments, tmp_path: Path) -> None:
    """It was begun for that, and another would take as long as it did."""
    with Early(store.home) as early:
        (there,) = launchers(store.home)
        devices = Devices("the test's machine")
        devices.early = early.take
        assert run(store, experiments, tmp_path, devices, 3, 1) == [there] * 3
    assert list(store.home.launchers.iterdir()) == []


def test_a_second_slot_has_a_launcher_of_its_own(store: Store, experiments, tmp_path: Path) -> None:
    """One launcher is given once: with two jobs in it at once each would wait for the other."""
    with Early(store.home) as early:
        (there,) = launchers(store.home)
        devices = Devices("the test's machine")
        devices.early = early.take
        found = run(store, experiments, tmp_path, devices, 2, 2)
    assert there in found
    assert early.take() is None


def test_a_launcher_that_nobody_takes_is_ended_and_leaves_nothing(home: Home) -> None:
    """A second run of a file finds nothing to do: it must not leave a process, a socket or a journal each time."""
    with Early(home) as early:
        slot = early._slot
        assert slot
        assert slot.port
        assert launchers(home) == [slot.id]
    assert slot.process.poll() is not None
    assert list(home.launchers.iterdir()) == []


def test_without_room_for_a_launcher_there_is_none(home: Home) -> None:
    """Nothing is said of it here: the runner meets the same, says it, and tries again."""
    home.launchers.rmdir()
    with Early(home) as early:
        assert early.take() is None
