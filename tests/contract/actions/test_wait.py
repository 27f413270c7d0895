"""Waiting for jobs: real launchers, runners as values, no runner at all."""

from __future__ import annotations

import fcntl
import math
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.actions.brake import Brake
from scheduler.actions.cancel import by_hand, cancel_all
from scheduler.actions.compared import compared
from scheduler.actions.drive import Terms, drive
from scheduler.actions.hold import hold, release
from scheduler.actions.pause import Rested, go_on, pause
from scheduler.actions.results import lines
from scheduler.actions.wait import ADVICE, BLIND, Advice, Ears, wait_for
from scheduler.experiments import Experiment
from scheduler.home import Home
from scheduler.launcher.places import journal_path
from scheduler.linux import processes
from scheduler.linux.holders import tree_of
from scheduler.queue.evidence import paused
from scheduler.queue.job import Attempt, Pause
from scheduler.queue.mine import EVERYTHING, Mine
from scheduler.queue.selection import select
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.presence import driven, present
from tests.descriptors import limit_for, limited

Experiments = Callable[[str], list[Experiment]]
UNTIL = "command: [sh, -c, 'touch begun-$0; while [ ! -e {0} ]; do sleep 0.02; done', '${{args_no_hyphens}}']\ngrid: {{x: {1}}}\n"


@pytest.fixture
def running(home: Home, store: Store, experiments: Experiments, tmp_path: Path, until):
    """Two jobs that run until there is a file `enough`, and whose runner has left them."""
    jobs = list(submit(store, experiments(UNTIL.format("enough", "[1, 2]")), str(tmp_path)).jobs)
    brake = Brake()

    def run() -> None:
        with Store(home) as own:
            drive(own, own.by_ids(job.id for job in jobs), Devices("the test's machine"), Terms(2, brake=brake), lambda _: None)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: all((tmp_path / f"begun-x={n}").exists() for n in (1, 2)))
    until(lambda: store.counts() == {"running": 2})
    brake.leave()
    thread.join()
    yield store.jobs()
    (tmp_path / "enough").touch()
    cancel_all(store, store.numbers("1"), lambda _: None, 0.0)


def _kill_launcher(attempt: Attempt, until) -> None:
    parent = processes.look_up(processes.look_up(attempt.pid).parent)
    processes.send([parent], signal.SIGKILL)
    until(lambda: processes.look_up(parent.pid) is None or processes.look_up(parent.pid).state == "Z")


def test_ends_that_no_runner_lives_to_write_down_end_a_wait(running, home: Home, store: Store, tmp_path: Path) -> None:
    """The runner was killed over night; `wait && python plot.py` must go on when its jobs are over."""
    over: list[int] = []

    def wait() -> None:
        with Store(home) as own:
            over.extend(wait_for(own, own.jobs(), 90.0))

    thread = threading.Thread(target=wait)
    thread.start()
    (tmp_path / "enough").touch()
    thread.join()
    assert sorted(over) == [1, 2]
    assert store.counts() == {"done": 2}


def test_a_wait_that_is_too_long_says_what_is_not_over(running, store: Store) -> None:
    """Which, in what state: the reader must not look it up."""
    with pytest.raises(TimeoutError, match=r"after 0.1 s job [0-9a-f]{8} is still running, and 1 more are not over"):
        wait_for(store, running, 0.1)


def test_a_wait_says_that_nobody_runs_what_is_queued(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """It would wait for ever in silence."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {x: [1, 2]}\n"), str(tmp_path)).jobs
    told: list[str] = []
    with pytest.raises(TimeoutError):
        wait_for(store, jobs, 0.1, say=told.append)
    assert told == ["2 queued, and nobody runs them: `exp-queue work` does"]
    told.clear()
    with present(store.home, [(1, 1)]), pytest.raises(TimeoutError):
        wait_for(store, jobs, 0.1, say=told.append)
    assert told == ["1 queued, and nobody runs them: `exp-queue work` does"]
    assert driven(store.home) == []


def test_a_wait_for_held_jobs_alone_says_so(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """Nothing but a person lets them go."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {x: [1]}\n"), str(tmp_path)).jobs
    hold(store, ["queued"])
    told: list[str] = []
    with pytest.raises(TimeoutError):
        wait_for(store, jobs, 0.1, say=told.append)
    assert told == ["what is left is held: `exp-queue release held` lets it start"]
    release(store, ["held"])


def test_with_first_a_wait_ends_at_the_first_end(home: Home, store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """Start the next thing as soon as one is through."""
    jobs = list(submit(store, experiments("command: ['true']\ngrid: {x: [1, 2]}\n"), str(tmp_path)).jobs)
    over: list[int] = []

    def wait() -> None:
        with Store(home) as own:
            over.extend(wait_for(own, jobs, 90.0, first=True))

    thread = threading.Thread(target=wait)
    thread.start()
    while not over and thread.is_alive():  # the wait may begin after any of these
        cancel_all(store, [jobs[0].number], lambda _: None)
        thread.join(0.1)
        if thread.is_alive():
            with store.change() as change:
                change.ask_again(jobs[0].id, "retry")
    assert over == [jobs[0].number]
    assert store.job(jobs[1].id).state is State.QUEUED


def test_a_cancel_of_one_running_job_leaves_the_other_alone(running, store: Store) -> None:
    """Of all that run it asks which are meant; a job of somebody else that ran for a week is not among them."""
    one, other = running
    cancel_all(store, [one.number], lambda _: None)
    assert [store.job(each.id).state for each in (one, other)] == [State.CANCELLED, State.RUNNING]


def test_what_runs_is_paused_and_goes_on_without_its_runner(running, store: Store, tmp_path: Path) -> None:
    """The runner was killed, the GPU is wanted for something else, and `continue` must still reach the job."""
    done = pause(store, store.jobs())
    assert sorted(done.reached) == sorted(job.id for job in running)
    assert all(line.pause.since for line in lines(store, store.jobs()))
    seen = compared(store, store.jobs())
    assert all(each.pause.since for each in seen)
    endless = Pause(None, math.inf)
    assert [replace(each, pause=endless).seconds for each in seen] == [0.0, 0.0], "no duration counts a pause"
    (tmp_path / "enough").touch()
    with pytest.raises(TimeoutError):
        wait_for(store, running, 0.3)
    assert len(go_on(store, store.jobs()).reached) == 2
    wait_for(store, running, 90.0)
    assert store.counts() == {"done": 2}
    details = [event["detail"] for event in store.events(running[0].id)]
    assert [text for text in details if "by a person" in text] == ["paused by a person", "continued by a person"]


def test_a_wait_that_runs_out_says_that_a_job_is_paused_however_young(running, store: Store) -> None:
    """Within its first second nobody looks for that; but these are the last words."""
    pause(store, running)
    told: list[str] = []
    with pytest.raises(TimeoutError):
        wait_for(store, running, 0.01, say=told.append)
    go_on(store, running)
    assert told == ["2 paused: `exp-queue continue paused` lets them go on"]


def test_a_paused_job_whose_launcher_was_killed_stays_paused_and_goes_on(running, store: Store, tmp_path: Path, until) -> None:
    """Nobody is there any more to be asked: the command stops and continues its processes itself."""
    pause(store, store.jobs())
    for attempt in store.open_attempts():
        _kill_launcher(attempt, until)
    assert all(line.pause.since for line in lines(store, store.jobs())), "it goes on, or nobody knows that it does not"
    assert f"; exp-queue continue {running[0].short_id}" in by_hand(store, store.latest_attempts(running)[running[0].id])
    assert len(go_on(store, store.jobs()).reached) == 2
    assert len(pause(store, store.jobs()).reached) == 2, "what has no launcher is paused as well"
    go_on(store, store.jobs())
    (tmp_path / "enough").touch()
    wait_for(store, running, 90.0)
    assert store.counts() == {"lost": 2}


def test_every_answer_to_what_is_paused_is_the_same_where_a_launcher_was_killed(running, store: Store, until) -> None:
    """`status` called them paused and `continue paused` knew of none: a launcher that dies in a pause writes nothing down."""
    attempts = store.open_attempts()
    for attempt in attempts:
        _kill_launcher(attempt, until)
    stopped = [process for attempt in attempts for process in tree_of(attempt.directory)]
    for signalled, expected in ((signal.SIGSTOP, running), (signal.SIGCONT, [])):
        processes.send(stopped, signalled)
        until(lambda wanted=expected: [line.job for line in lines(store, store.jobs()) if line.pause.since] == wanted)
        assert select(store, ["paused"]) == expected
        assert sorted(each.job for each in paused(store.home, attempts)) == sorted(job.id for job in expected)


def test_what_was_paused_without_a_line_in_the_journal_goes_on(running, store: Store) -> None:
    """On a full disk the pause worked and its line was lost; then `continue` found nobody to ask. What goes on stays as it is."""
    assert go_on(store, store.jobs()) == Rested([], [], {})
    pause(store, store.jobs())
    for attempt in store.open_attempts():
        journal = journal_path(store.home, attempt.launcher)
        journal.write_text("".join(line for line in journal.read_text().splitlines(keepends=True) if not line.startswith("P ")))
    assert paused(store.home, store.open_attempts()) == []
    assert len(go_on(store, store.jobs()).reached) == 2
    details = [event["detail"] for event in store.events(running[0].id)]
    assert [text for text in details if "by a person" in text] == ["paused by a person", "continued by a person"]


@pytest.fixture
def orphan(store: Store, experiments: Experiments, tmp_path: Path) -> Iterator[Attempt]:
    """An attempt whose launcher is gone, and of which nobody is seen but the lock that somebody holds."""
    (job,) = submit(store, experiments("command: ['true']\ngrid: {x: [1]}\n"), str(tmp_path)).jobs
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
    directory = Path(attempt.directory)
    directory.mkdir(parents=True)
    lock = os.open(directory, os.O_RDONLY)
    os.set_inheritable(lock, True)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield attempt
    os.close(lock)


def test_what_cannot_be_listened_to_is_looked_for_again(store: Store, orphan: Attempt) -> None:
    """Nothing would ever wake the wait: another user's process, or one that hides, ends without a word."""
    with Ears(store) as ears:
        ears.follow([])
        assert ears.patience(600.0) == 600.0
        ears.follow([orphan])
        assert ears.patience(600.0) == BLIND


def test_without_a_descriptor_to_spare_an_attempt_is_looked_for_again(store: Store, orphan: Attempt) -> None:
    """It slept for ever, for it believed that it listened."""
    with subprocess.Popen(["sleep", "600"], close_fds=False) as holder, Ears(store) as ears:
        try:
            with limited(os.getpid(), limit_for(os.getpid(), 1)):  # one is needed to look at all
                ears.follow([orphan])
            assert ears.patience(600.0) == BLIND
            ears.follow([orphan])
            assert ears.patience(600.0) == 600.0
        finally:
            holder.kill()


def test_a_wait_looks_for_advice_once_a_second_and_misses_none(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """Every write to a busy queue wakes it. What it has not looked for it looks for as soon as it may."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {x: [1, 2]}\n"), str(tmp_path)).jobs
    told: list[str] = []
    advice = Advice(store, Mine(store, jobs), told.append)
    with present(store.home, EVERYTHING):
        assert advice.give([], 10.0) == math.inf
    assert advice.give([], 10.25) == ADVICE - 0.25
    assert told == []
    assert advice.give([], 10.0 + ADVICE) == math.inf
    assert advice.give([], 90.0) == math.inf
    assert told == ["2 queued, and nobody runs them: `exp-queue work` does"]


def test_queued_jobs_are_not_paused(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """They have no process; `hold` is for them, and who asked must hear it."""
    submit(store, experiments("command: ['true']\ngrid: {x: [1]}\n"), str(tmp_path))
    done = pause(store, store.jobs())
    assert (done.reached, len(done.waiting), done.refused) == ([], 1, {})
