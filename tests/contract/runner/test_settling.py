"""What a later command writes down of attempts whose runner was killed, on a real store and real journals."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.gpus.packing import GpuUse
from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import open_slot
from scheduler.launcher.places import journal_path
from scheduler.queue.evidence import journal_of
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.origin_rows import origin_of, remember
from scheduler.queue.origins import Origin
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.attempts import End, Running
from scheduler.runner.endings import system_use, write_end
from scheduler.runner.settling import settle

EXHAUSTED = "Traceback ...\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"
FAILED = {"state": "failed", "exit_status": 1, "reason": "exit status 1", "duration": 3.0}


@pytest.fixture
def left_behind(store: Store, experiments) -> Callable[[str], Attempt]:
    """An attempt on a GPU that failed with this in its log; its runner and launcher are gone, nobody has heard of its end."""

    def left(log: str) -> Attempt:
        text = "command: ['true', '${args}']\ngrid: {x: [1]}\nresources: {gpus: 1, gpu_memory: 2000MiB}\npolicy: {retries: 1}\n"
        (job,) = submit(store, experiments(text), "/").jobs
        with store.change() as change:
            attempt = change.begin(job, "gone", "0")
            assert attempt
            change.used([GpuUse(job.id, attempt.number, "GPU-0", "A100", granted=2000)])
        written = journal.Journal(os.open(journal_path(store.home, "gone"), os.O_WRONLY | os.O_CREAT, 0o600))
        written.started(attempt.name)
        written.ended(attempt.name, FAILED)
        Path(attempt.directory).mkdir(parents=True)
        attempt.log.write_text(log)
        return attempt

    return left


def test_out_of_memory_is_found_out_although_the_runner_was_killed(store: Store, left_behind) -> None:
    """Monday morning: the retry must ask for more than what did not suffice on Sunday, whoever wrote the end down."""
    attempt = left_behind(EXHAUSTED)
    assert settle(store) == []
    (ended,) = store.attempts(attempt.job)
    assert ended.ending
    assert ended.ending.reason == "out of GPU memory with 2000 MiB (exit status 1)"
    job = store.job(attempt.job)
    assert (job.state, job.failures) == (State.QUEUED, 1)
    assert store.gpu_uses([job])[job.experiment] == (GpuUse(job.id, 1, "GPU-0", "A100", 2000, out_of_memory=True),)


def test_another_failure_teaches_nothing_about_memory(store: Store, left_behind) -> None:
    """A typo in the script must not make its next attempt wait for a whole GPU."""
    attempt = left_behind("NameError: name 'lr' is not defined\n")
    settle(store)
    (ended,) = store.attempts(attempt.job)
    assert ended.ending
    assert ended.ending.reason == "exit status 1"
    job = store.job(attempt.job)
    assert not any(use.out_of_memory for use in store.gpu_uses([job])[job.experiment])


def test_an_end_is_heard_although_there_is_no_descriptor_to_see_what_was_used(left_behind) -> None:
    """A runner that dies of it would leave all that it has started to the next command."""
    attempt = left_behind("")
    attempt.system.write_text('{"_time": 1.0, "cpu.use": 1.5}\n')
    assert system_use(attempt, Ending(State.DONE, 0)), "with descriptors it is seen"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        used = system_use(attempt, Ending(State.DONE, 0))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert used is None


class _Beside(Store):
    """A store on which somebody else does `meanwhile` just after a look at what is open."""

    meanwhile = staticmethod(lambda: None)

    def open_attempts(self) -> list[Attempt]:
        found = super().open_attempts()
        meanwhile, self.meanwhile = self.meanwhile, lambda: None  # type: ignore[method-assign]
        meanwhile()
        return found


def test_what_begins_and_is_left_behind_during_a_look_has_not_run(home: Home, store: Store, experiments) -> None:
    """A runner that was killed before it told its launcher: the job has certainly not run, and must not be called lost."""
    (job,) = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1]}\n"), "/").jobs
    slot = open_slot(home)

    def begin_and_die() -> None:
        with store.change() as change:
            assert change.begin(job, slot.id, "")
        slot.close()
        assert slot.process.wait(90) == 0

    with _Beside(home) as other:
        other.meanwhile = begin_and_die  # type: ignore[method-assign]
        settle(other)
        settle(other)
    assert store.job(job.id).state is State.QUEUED
    assert store.attempts(job.id) == []


def test_what_was_settled_is_not_settled_again(store: Store, left_behind) -> None:
    """`status`, typed twice, or by two at once."""
    attempt = left_behind(EXHAUSTED)
    settle(store)
    before = [tuple(row) for row in store.events(attempt.job)]
    settle(store)
    assert [tuple(row) for row in store.events(attempt.job)] == before


@pytest.mark.parametrize(("policy", "expected"), [("retries: 1", State.QUEUED), ("retries: 0", State.FAILED)])
def test_the_policy_that_its_file_has_brought_while_it_ran_decides(
    store: Store, experiments, policy: str, expected: State
) -> None:
    """The same answer from the runner, which began the job by the old one, as from a command that finds its end later."""
    text = "command: ['true', '${args}']\ngrid: {x: [1]}\npolicy: "
    (job,) = submit(store, experiments(f"{text}{{retries: {1 - int(policy[-1])}}}\n"), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
    assert attempt
    submit(store, experiments(f"{text}{{{policy}}}\n"), "/")
    with store.change() as change:
        write_end(store, change, End(Running(job, attempt), Ending(State.FAILED, 1), 3.0))
    assert store.job(job.id).state is expected


def test_where_a_job_ran_is_learned_with_its_end(store: Store, experiments) -> None:
    """Its runner was killed before the job began on a node: what its launcher has noted there is not lost."""
    (job,) = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1]}\n"), "/").jobs
    with store.change() as change:
        attempt = change.begin(job, "slurm/b/0", "", origin=remember(change, Origin(None, None, "", "")))
    assert attempt
    path = journal_of(store.home, attempt)
    path.parent.mkdir(parents=True)
    written = journal.Journal(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    written.is_at(attempt.name, {"host": "n7", "kernel": "Linux 6", "python": None})
    written.started(attempt.name)
    written.ended(attempt.name, {**FAILED, "state": "done", "exit_status": 0})
    written.closed()
    settle(store)
    found = store.attempt(job.id, 1)
    assert found
    assert found.ending
    origin = origin_of(store, found)
    assert origin
    assert (origin.host, origin.kernel) == ("n7", "Linux 6")
