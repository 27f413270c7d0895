"""The rows that a runner writes about the GPUs of attempts: real files and locks, readings as the test says."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Reading
from scheduler.gpus.view import View
from scheduler.queue.job import Attempt
from scheduler.runner.gpu_rows import GpuRows

CLAIM = ClaimRecord("claim", {"GPU-0": None})
EVERY = 5.0


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    """One that runs for a minute already."""
    return Attempt("job", 1, "launcher", str(tmp_path), time.time() - 60)


def seen(energy: float, use: int = 50, at: float = 0.0) -> View:
    """`energy` in Wh."""
    return View(Reading((Gpu("GPU-0", utilization=use, energy=energy * 3600),), at=at), (CLAIM,), Observation(), Settings())


class Watching:
    """A runner that watches the attempt from a reading of `energy` on; its clock goes on by `EVERY` with each reading."""

    def __init__(self, attempt: Attempt, energy: float, every: float = EVERY) -> None:
        self.rows, self._now = GpuRows(), time.monotonic() + 1
        self.rows.take(seen(energy), self._now)
        self.rows.begin("claim", attempt, every)

    def reads(self, energy: float, after: float = EVERY, use: int = 50) -> None:
        self._now += after
        self.rows.take(seen(energy, use, self._now), self._now)


def energies(attempt: Attempt) -> list[float]:
    rows = [json.loads(line) for line in attempt.system.read_text().splitlines()] if attempt.system.exists() else []
    return [row["gpu.energy"] for row in rows]


def test_rows_come_at_their_interval_with_the_means_of_all_readings_between(attempt: Attempt) -> None:
    """The GPUs are read more often than that for other reasons; what is known is used."""
    watching = Watching(attempt, 10.0)
    watching.reads(11.0)
    for use in (0, 100, 20):
        watching.reads(12.0, after=EVERY / 3 + 0.01, use=use)
    rows = [json.loads(line) for line in attempt.system.read_text().splitlines()]
    assert [(row["gpu.0.use"], row["gpu.energy"]) for row in rows] == [(50.0, 1.0), (40.0, 2.0)]


def test_of_two_runners_that_watch_an_attempt_one_writes(attempt: Attempt) -> None:
    """Else each would count the energy, and together they would double it."""
    first, second = Watching(attempt, 10.0), Watching(attempt, 10.0)
    for energy in (11.0, 12.0):
        first.reads(energy)
        second.reads(energy)
    assert energies(attempt) == [1.0, 2.0]


def test_who_has_waited_goes_on_from_what_stands_there(attempt: Attempt) -> None:
    """The runner that has written is gone: neither is its energy counted twice, nor what it had not seen any more."""
    first, second = Watching(attempt, 10.0), Watching(attempt, 10.0)
    first.reads(11.0)
    second.reads(11.0)
    first.rows.close()  # its process has ended, and the kernel has its lock
    second.reads(13.0)
    assert energies(attempt) == [1.0, 1.0, 3.0]


def test_the_last_row_has_the_energy_until_the_end_and_none_comes_after_it(attempt: Attempt) -> None:
    """Rows of an old job come each ten minutes: what was used since the last one counts as well."""
    watching = Watching(attempt, 10.0)
    watching.reads(11.0)
    watching.reads(11.5, after=1.0)
    watching.rows.end("claim")
    watching.reads(20.0)
    assert energies(attempt) == [1.0, 1.5]


def test_an_attempt_that_is_over_before_its_first_row_has_none(attempt: Attempt, tmp_path: Path) -> None:
    """A thousand short jobs must not leave a thousand files."""
    rows = GpuRows()
    rows.begin("claim", Attempt("job", 1, "launcher", str(tmp_path), time.time()), 1000.0)
    rows.take(seen(1.0), time.monotonic())
    rows.end("claim")
    assert not attempt.system.exists()


def test_zero_switches_it_off(attempt: Attempt) -> None:
    """It is no interval but the wish for silence."""
    watching = Watching(attempt, 10.0, every=0.0)
    watching.reads(11.0)
    assert not attempt.system.exists()


def test_a_log_that_cannot_be_written_costs_the_runner_nothing(attempt: Attempt) -> None:
    """No room, or somebody has removed the directory of a running attempt."""
    attempt.system.mkdir()
    watching = Watching(attempt, 10.0)
    watching.reads(11.0)
    attempt.system.rmdir()
    watching.reads(12.0)
    assert energies(attempt) == [1.0], "from then on"
