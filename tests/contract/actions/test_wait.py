"""Waiting for jobs: real launchers, runners as values, no runner at all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.actions.brake import Brake
from scheduler.actions.cancel import by_hand, cancel_all
from scheduler.actions.drive import Terms, drive
from scheduler.actions.hold import hold, release
from scheduler.actions.pause import go_on, pause
from scheduler.actions.results import lines
from scheduler.actions.wait import wait_for
from scheduler.experiments import Experiment
from scheduler.home import Home
from scheduler.linux import processes
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.presence import driven, present

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


def test_what_runs_is_paused_and_goes_on_without_its_runner(running, store: Store, tmp_path: Path) -> None:
    """The runner was killed, the GPU is wanted for something else, and `continue` must still reach the job."""
    done = pause(store, store.jobs())
    assert sorted(done.reached) == sorted(job.id for job in running)
    assert all(line.pause.since for line in lines(store, store.jobs()))
    (tmp_path / "enough").touch()
    with pytest.raises(TimeoutError):
        wait_for(store, running, 0.3)
    assert len(go_on(store, store.jobs()).reached) == 2
    wait_for(store, running, 90.0)
    assert store.counts() == {"done": 2}
    details = [event["detail"] for event in store.events(running[0].id)]
    assert [text for text in details if "by a person" in text] == ["paused by a person", "continued by a person"]


def test_a_paused_job_whose_launcher_was_killed_stays_paused_and_goes_on(running, store: Store, tmp_path: Path, until) -> None:
    """Nobody is there any more to be asked: the command stops and continues its processes itself."""
    pause(store, store.jobs())
    for attempt in store.open_attempts():
        parent = processes.look_up(processes.look_up(attempt.pid).parent)
        processes.send([parent], signal.SIGKILL)
        until(lambda pid=parent.pid: processes.look_up(pid) is None or processes.look_up(pid).state == "Z")
    assert all(line.pause.since for line in lines(store, store.jobs())), "it goes on, or nobody knows that it does not"
    assert f"; exp-queue continue {running[0].short_id}" in by_hand(store, store.latest_attempts(running)[running[0].id])
    assert len(go_on(store, store.jobs()).reached) == 2
    assert len(pause(store, store.jobs()).reached) == 2, "what has no launcher is paused as well"
    go_on(store, store.jobs())
    (tmp_path / "enough").touch()
    wait_for(store, running, 90.0)
    assert store.counts() == {"lost": 2}


def test_queued_jobs_are_not_paused(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """They have no process; `hold` is for them, and who asked must hear it."""
    submit(store, experiments("command: ['true']\ngrid: {x: [1]}\n"), str(tmp_path))
    done = pause(store, store.jobs())
    assert (done.reached, len(done.waiting), done.refused) == ([], 1, {})
