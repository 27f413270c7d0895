"""What is told of the use of the machine: a real store, and the logs of attempts as the test says."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from scheduler.actions.show import show
from scheduler.actions.status import status
from scheduler.actions.system import co2_per_kwh, system, uses
from scheduler.errors import UserError
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.queue.system_uses import remember
from scheduler.report.details import details
from scheduler.runner.attempts import End, Running
from scheduler.runner.endings import system_use, write_end
from scheduler.runner.settling import settle
from scheduler.tracking.system_use import SystemUse


def begun(store: Store, experiments, gpus: str = "0") -> tuple[Job, Attempt]:
    """A job that runs, as far as the store knows."""
    (job,) = submit(store, experiments("command: ['true', '${args}']\nexperiments: [{x: 1}]\n"), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "launcher", gpus)
        assert attempt
        change.runs(attempt, 1, 1)
    Path(attempt.directory).mkdir(parents=True)
    return store.job(job.id), attempt


def logs(attempt: Attempt, *rows: dict) -> None:
    with attempt.system.open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def busy(now: float, percent: float, seconds: int = 120) -> list[dict]:
    return [{"_time": now - ago, "gpu.0.use": percent} for ago in range(seconds, -1, -5)]


def test_the_log_of_an_attempt_is_seen_by_its_seconds(store: Store, experiments) -> None:
    """Two writers share the file, and runs that began at different times are laid over one another."""
    job, attempt = begun(store, experiments)
    assert system(store, job, attempt).source == ""
    logs(attempt, {"_time": attempt.started + 5.0, "cpu.use": 1.5}, {"_time": attempt.started + 10.0, "gpu.0.use": 97.0})
    found = system(store, job, attempt)
    assert (found.source, found.rows, found.last) == ("system", 2, {"cpu.use": 1.5, "gpu.0.use": 97.0})
    (point,) = found.series["gpu.0.use"].curve
    assert (point.at, point.last) == (10, 97.0)


def test_a_running_job_that_starves_its_gpu_is_named(store: Store, experiments) -> None:
    """The commonest waste there is: the script waits for its data, and the GPU is taken from everybody else."""
    job, attempt = begun(store, experiments)
    logs(attempt, *busy(time.time(), 3.0))
    assert status(store).idling == {job.id: 3.0}


@pytest.mark.parametrize(("percent", "seconds", "gpus"), [(80.0, 120, "0"), (3.0, 30, "0"), (3.0, 120, "")])
def test_a_job_that_works_or_has_just_begun_or_has_no_gpu_is_not_named(
    store: Store, experiments, percent: float, seconds: int, gpus: str
) -> None:
    """A warning that is wrong once is not read again."""
    _, attempt = begun(store, experiments, gpus)
    logs(attempt, *busy(time.time(), percent, seconds))
    assert status(store).idling == {}


def test_a_job_that_is_over_starves_nobody(store: Store, experiments) -> None:
    """Its log stays as it was."""
    _, attempt = begun(store, experiments)
    logs(attempt, *busy(time.time(), 3.0))
    with store.change() as change:
        change.end(attempt, Ending(State.DONE, 0), 120.0)
    assert status(store).idling == {}


def test_what_was_used_is_kept_when_the_files_are_gone(store: Store, experiments) -> None:
    """People remove directories of attempts, and the table of a month's energy is asked for after that."""
    job, attempt = begun(store, experiments)
    logs(attempt, {"_time": attempt.started + 5.0, "gpu.0.use": 50.0, "gpu.energy": 2.0, "gpu.shared": True})
    ending = Ending(State.DONE, 0)
    end = End(Running(job, attempt), ending, 5.0, system=system_use(attempt, ending))
    with store.change() as change:
        write_end(store, change, end)
    attempt.system.unlink()
    found = details(show(store, store.job(job.id)))
    assert found["system"]["energy_wh"] == found["attempts"][0]["energy_wh"] == 2.0
    assert (found["system"]["gpu_use"], found["system"]["shared"], found["system"]["cpu_use"]) == (50.0, True, None)


def test_an_end_that_no_runner_has_heard_keeps_what_was_used_too(store: Store, experiments) -> None:
    """The runner was killed; the next command writes the end down, from the log that is there."""
    job, attempt = begun(store, experiments)
    logs(attempt, {"_time": attempt.started + 5.0, "cpu.use": 2.0})
    settle(store)
    assert store.job(job.id).state is State.LOST
    assert uses(store, store.attempts(job.id)) == {attempt.name: SystemUse(cpu_use=2.0, cpu_use_peak=2.0)}


def test_what_a_running_attempt_uses_is_seen_before_its_end(store: Store, experiments) -> None:
    """A training of a week is asked about before Friday."""
    job, attempt = begun(store, experiments)
    assert details(show(store, job))["system"] is None
    logs(attempt, {"_time": attempt.started + 5.0, "cpu.use": 2.0, "memory.rss": 100.0})
    assert details(show(store, job))["system"]["memory_peak"] == 100.0


def test_each_attempt_has_what_it_used_itself(store: Store, experiments) -> None:
    """A retry must not wear what the first attempt has used."""
    job, first = begun(store, experiments)
    with store.change() as change:
        remember(change, first, SystemUse(energy_wh=1.0))
        change.end(first, Ending(State.FAILED, 1), 5.0)
        change.ask_again(job.id, "again")
        second = change.begin(store.job(job.id), "launcher", "0")
        assert second
        remember(change, second, SystemUse(energy_wh=2.0))
        change.runs(second, 1, 1)
        change.end(second, Ending(State.DONE, 0), 5.0)
    found = details(show(store, store.job(job.id)))
    assert [each["energy_wh"] for each in found["attempts"]] == [1.0, 2.0]
    assert found["system"]["energy_wh"] == 2.0


def test_co2_is_told_only_where_somebody_has_said_what_a_kwh_costs() -> None:
    """It differs by a factor of fifty between grids; a figure of ours would be made up."""
    assert co2_per_kwh({}) is None
    assert co2_per_kwh({"EXP_QUEUE_CO2_PER_KWH": "380"}) == 380.0
    for text in ("much", "-1", "nan", "inf"):
        with pytest.raises(UserError, match="EXP_QUEUE_CO2_PER_KWH"):
            co2_per_kwh({"EXP_QUEUE_CO2_PER_KWH": text})
