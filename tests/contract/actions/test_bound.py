"""What is said of jobs that other machines have, and of what waits here beside them: real SQLite, and the words of a runner."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.actions.bound import ways
from scheduler.actions.explain import explain
from scheduler.actions.lookout import Lookout
from scheduler.actions.pause import go_on, pause
from scheduler.actions.status import status
from scheduler.actions.submit import never
from scheduler.experiments import Experiment
from scheduler.gpus.packing import GpuUse
from scheduler.home import Home
from scheduler.queue.job import Ending, Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import Submission, submit
from scheduler.runner.devices import Devices
from scheduler.runner.presence import Bound, present

MANY = 100_000  # cores that this machine has not


@pytest.fixture
def queued(store: Store, experiments: Callable[[str], list[Experiment]], tmp_path: Path) -> Callable[..., Submission]:
    """Submit jobs that ask for so many cores."""

    def some(cpus: int, count: int = 1, name: str = "a") -> Submission:
        head = f"command: ['true', {name}, '${{args}}']\nresources: {{cpus: {cpus}}}\n"
        return submit(store, experiments(f"{head}grid: {{x: {json.dumps(list(range(count)))}}}\n"), str(tmp_path))

    return some


def ranges(*jobs: Job) -> list[tuple[int, int]]:
    return [(job.number, job.number) for job in jobs]


def begun_on(store: Store, job: Job, launcher: str) -> None:
    with store.change() as change:
        change.begin(job, launcher, "")


def test_jobs_that_go_elsewhere_are_never_judged_by_what_is_here(store: Store, home: Home, queued) -> None:
    """This machine can run none of them; over there there is room for one after the other."""
    submission = queued(MANY, 3)
    jobs = list(submission.jobs)
    assert set(status(store).never) == set(never(store, submission)) == {job.id for job in jobs}
    begun_on(store, jobs[0], "ssh/ada/1")
    bound = Bound(ranges(*jobs), 12, "ssh:ada,babbage", "ada: 2 GPUs; babbage: does not answer", 1)
    with present(home, bound.numbers, bound):
        found = status(store)
        assert (found.never, never(store, submission)) == ({}, {})
        assert [line.reason for line in found.lines] == ["", *["its runner may have no more than 1 there at once"] * 2]
        why = explain(store, store.job(jobs[2].id), Devices(""))
        assert (
            f"it goes to ada and babbage over ssh: {found.lines[2].reason}; 1 queued before it; 1 of its jobs is there (" in why
        )
        assert why.endswith("its runner (pid 12) knows: ada: 2 GPUs; babbage: does not answer")
        (waiting,) = Lookout(store).scene().waiting
        assert waiting.reason == found.lines[2].reason


def test_what_a_runner_has_said_last_is_said_of_the_job_that_it_is_about(store: Store, home: Home, queued) -> None:
    """Why it can never be there, why nothing is sent, why it found no place, or one that asks for the same."""
    one, other, third = [*queued(1, 2).jobs, *queued(2, name="b").jobs]
    bound = Bound(
        ranges(one, other, third), 1, "ssh:ada", "", 9, {one.number: "its slot is taken"}, [("never there", ranges(third))]
    )
    with present(home, bound.numbers, bound) as say:
        found = ways(store, [one, other, third])
        assert [found[job.id].why(job) for job in (one, other, third)] == [*["its slot is taken"] * 2, "never there"]
        say(Bound(bound.numbers, 1, "slurm", "Slurm starts them", 9, trouble="it was interrupted"))
        (way,) = ways(store, [one]).values()
        assert (way.where, way.why(one)) == ("Slurm", "it was interrupted")
        say(Bound(bound.numbers, 1, "slurm", "Slurm starts them", 9))
        assert "this machine cannot tell more" in explain(store, one, Devices(""))


def test_what_a_runner_has_said_of_a_job_is_not_said_of_one_that_is_known_to_need_less(
    store: Store, home: Home, experiments: Callable[[str], list[Experiment]], tmp_path: Path
) -> None:
    """They ask for the same, and what attempts have used tells them apart, here as on the hosts: a small one was said to find no
    GPU with 12 GiB."""
    head = "command: ['true', '${args}']\nresources: {gpus: 1, gpu_memory: 8GiB}\n"
    large, alike, small = submit(store, experiments(f"{head}grid: {{x: [0, 1, 2]}}\n"), str(tmp_path)).jobs
    for job in (large, alike):
        with store.change() as change:
            attempt = change.begin(job, "launcher", "0")
            assert attempt
            change.used([GpuUse(job.id, 1, "GPU-7", "Fake", 8192, out_of_memory=True)])
            change.end(attempt, Ending(State.FAILED, 1), 1.0)
            change.repeat_free_of_charge(attempt, "")
    bound = Bound(ranges(large, alike, small), 1, "ssh:ada", "", 9, {large.number: "no GPU has 12 GiB"})
    with present(home, bound.numbers, bound):
        found = ways(store, store.jobs())
        assert [found[job.id].why(job) for job in (large, alike, small)] == [*["no GPU has 12 GiB"] * 2, ""]


def test_a_job_that_may_also_start_here_is_told_both(store: Store, home: Home, queued) -> None:
    """`work` runs here, and `run --on` has it, too: whoever is first takes it."""
    (job,) = queued(1).jobs
    bound = Bound(ranges(job), 1, "ssh:ada", "ada: idle", 4)
    with present(home, bound.numbers, bound), present(home, ranges(job)):
        why = explain(store, job, Devices(""))
        assert "nothing is in its way; it starts when its runner has a slot (-j); or it goes to ada over ssh" in why
        assert status(store).lines[0].reason == ""


def test_what_runs_elsewhere_takes_no_cores_here(store: Store, home: Home, queued) -> None:
    """All cores of this machine are asked for there, and again by a job that nobody sends anywhere."""
    devices = Devices("")
    away, behind = queued(devices.cores, 2, "away").jobs
    (job,) = queued(devices.cores, 1, "here").jobs
    begun_on(store, away, "ssh/ada/1")
    bound = Bound(ranges(away, behind), 1, "ssh:ada", "", 4)
    with present(home, bound.numbers, bound), present(home, ranges(job)):
        assert explain(store, job, devices).endswith("waits: nothing is in its way; it starts when its runner has a slot (-j)")
        (waiting,) = Lookout(store, [away, job]).scene().waiting
        assert (waiting.first.id, waiting.reason) == (job.id, "")


def test_what_runs_elsewhere_is_not_said_to_be_paused(store: Store, queued) -> None:
    """None of its processes is here: all of them seemed to stand still, while it computed on."""
    jobs = list(queued(1, 2).jobs)
    for job, launcher in zip(jobs, ("ssh/ada/1", "slurm/1"), strict=True):
        begun_on(store, job, launcher)
    done = pause(store, store.jobs())
    whose = ("ada", "a node of Slurm's")
    assert (done.reached, list(done.refused.values())) == (
        [],
        [f"{each} has it, and what other machines have cannot be paused" for each in whose],
    )
    assert go_on(store, store.jobs()).refused == {}
    assert [line.pause.since for line in status(store).lines] == [None, None]


def test_what_other_machines_have_not_begun_is_said_to_be_theirs(store: Store, queued) -> None:
    """On which node, nobody knows before Slurm starts it."""
    jobs = list(queued(1, 2).jobs)
    for job, launcher in zip(jobs, ("ssh/ada/1", "slurm/1"), strict=True):
        begun_on(store, job, launcher)
    assert [explain(store, job, Devices("")).partition("wait: ")[2] for job in store.jobs()] == [
        "it is starting: ada has it",
        "it is starting: Slurm has not started it yet",
    ]
