"""Scenes of a real store, with real jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.actions import lookout
from scheduler.actions.cancel import cancel_all
from scheduler.actions.hold import hold
from scheduler.actions.lookout import LONELY, Lookout
from scheduler.actions.pause import go_on, pause
from scheduler.actions.scene import Scene
from scheduler.actions.watch import watch
from scheduler.experiments import Experiment
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.reading import Gpu, Reading, unknown
from scheduler.home import Home
from scheduler.queue.evidence import pause_of
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.report.log_view import newest_line
from scheduler.runner.devices import Devices
from scheduler.runner.gpu_view import GpuView
from scheduler.runner.notices import Ended
from scheduler.runner.presence import present
from tests.contract.first_runs import first_runs

Experiments = Callable[[str], list[Experiment]]
ROW = '{\\"_step\\": $n, \\"_time\\": 100$n, \\"epoch\\": $n, \\"loss\\": 0.$n}'
SCRIPT = f"""
for n in 0 1 2; do echo "{ROW}"; done > "$EXP_QUEUE_METRICS"
touch begun-$0; until [ -e enough ]; do sleep 0.02; done
"""
TEXT = f"command: {json.dumps(['sh', '-c', SCRIPT, '${args_no_hyphens}'])}\nbase: {{epochs: 6}}\ngrid: {{x: [1, 2, 3]}}\n"


@pytest.fixture
def jobs(store: Store, experiments: Experiments, tmp_path: Path) -> list[Job]:
    return list(submit(store, experiments(TEXT), str(tmp_path)).jobs)


@pytest.fixture
def one_runs(home: Home, store: Store, jobs: list[Job], tmp_path: Path, until) -> Iterator[Job]:
    """The first of three jobs runs until there is a file `enough`."""
    with first_runs(home, store, jobs, tmp_path, until) as job:
        yield job


def test_a_scene_shows_what_runs_how_far_it_is_and_what_waits(store: Store, one_runs: Job, jobs: list[Job]) -> None:
    """One value for the view of a run, for `watch`, and for whatever else shows jobs."""
    scene = Lookout(store, jobs, newest_line=newest_line).scene()
    (running,) = scene.running
    assert (running.job.id, running.step, running.line) == (one_runs.id, 2, "")
    assert running.metric is not None
    assert (running.metric.name, running.metric.value, len(running.metric.curve)) == ("loss", 0.2, 3)
    assert running.headway is not None
    assert running.headway.done == 0.5
    (waiting,) = scene.waiting
    assert (waiting.first.id, waiting.jobs, waiting.reason) == (jobs[1].id, 2, "")
    assert scene.counts == {State.QUEUED: 2, State.RUNNING: 1}
    assert not scene.is_over


def test_a_later_look_sees_what_has_changed_since(store: Store, one_runs: Job, jobs: list[Job], home: Home, until) -> None:
    """The queue by its version, a log by its size: what others write is seen by whoever only looks."""
    with Store(home) as other:
        lookout = Lookout(other, jobs, newest_line=newest_line)
        assert lookout.scene().counts[State.QUEUED] == 2
        hold(store, [jobs[2].short_id])
        assert until(lambda: lookout.scene().counts == {State.QUEUED: 1, State.HELD: 1, State.RUNNING: 1})
        attempt = lookout.attempts[0]
        with attempt.metrics.open("a") as log:
            log.write('{"_step": 3, "epoch": 3, "loss": 0.05}\n')
        assert until(lambda: [each for each in lookout.scene().running if each.step == 3])[0].metric.value == 0.05


def test_a_pause_is_no_time_that_a_job_has_run(store: Store, one_runs: Job, home: Home, until) -> None:
    """Whoever has let others go first over lunch has not trained for an hour longer; `status` says the same."""
    (attempt,) = store.open_attempts()
    running = [store.job(one_runs.id)]
    with attempt.metrics.open("a") as log:
        log.write(json.dumps({"_step": 3, "_time": time.time(), "epoch": 3, "loss": 0.05}) + "\n")
    pause(store, running)
    until(lambda: pause_of(home, attempt).rested > 0.05)
    (seen,) = Lookout(store).scene().running
    until(lambda: pause_of(home, attempt).rested > 0.2)
    (later,) = Lookout(store).scene().running
    go_on(store, running)
    assert seen.paused
    assert later.headway.left == pytest.approx(seen.headway.left, rel=0, abs=1e-3), "what stands still comes no nearer to its end"
    scene = Lookout(store).scene()
    (seen,) = scene.running
    assert not seen.paused
    assert seen.seconds == pytest.approx(scene.now - attempt.started - pause_of(home, attempt).rested, abs=1e-3)


def test_of_a_job_that_logs_nothing_the_newest_line_is_shown(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """A progress bar is all that many scripts have."""
    (job,) = submit(store, experiments("command: 'true'\nexperiments: [{}]\n"), str(tmp_path)).jobs
    with store.change() as change:
        attempt = change.begin(job, "launcher", "")
        assert attempt
    attempt.log.parent.mkdir(parents=True, exist_ok=True)
    attempt.log.write_bytes(b"begun\n 40%|####      | 40/100 [00:08<00:13]\r 45%|####5     | 45/100 [00:10<00:12,  4.4it/s]")
    (running,) = Lookout(store, newest_line=newest_line).scene().running
    assert running.line.strip().startswith("45%|")
    assert running.headway is not None
    assert (running.headway.done, running.headway.left) == (0.45, 12.0)


def test_jobs_that_nobody_runs_are_said_to_wait_for_somebody(store: Store, jobs: list[Job]) -> None:
    """However long one looks, nothing is going to happen."""
    assert [each.reason for each in Lookout(store, jobs).scene().waiting] == [LONELY]


def test_what_has_begun_is_not_said_to_wait(store: Store, one_runs: Job, jobs: list[Job], monkeypatch) -> None:
    """A look at all that waits is expensive and comes seldom; the view said "2 wait, first X" long after X was done."""
    monkeypatch.setattr(lookout, "THRIFT", 1e9)
    looks = Lookout(store, jobs)
    assert [(each.first.id, each.jobs) for each in looks.scene().waiting] == [(jobs[1].id, 2)]
    cancel_all(store, [jobs[1].number], lambda _: None)
    assert [(each.first.id, each.jobs) for each in looks.scene().waiting] == [(jobs[2].id, 1)]
    cancel_all(store, [jobs[2].number], lambda _: None)
    assert looks.scene().waiting == ()


def test_what_keeps_the_first_of_the_queue_is_what_the_runners_plan_says(store: Store, home: Home, jobs: list[Job]) -> None:
    """The GPU is a stranger's."""
    stranger = Gpu("GPU-0", 0, total=16_000, used=8_000, processes=())
    busy = GpuView(Reading((stranger,)), (), Observation(), Settings())
    with present(home, [(job.number, job.number) for job in jobs]):
        scene = Lookout(store, jobs, view=lambda: busy).scene()
    (waiting,) = scene.waiting
    assert "GPU 0" in waiting.reason
    assert [each.gpu.uuid for each in scene.gpus] == ["GPU-0"]


def test_gpus_that_are_not_known_are_said_to_be_so(store: Store) -> None:
    """An empty list would look like a machine without any."""
    view = GpuView(unknown("the driver does not answer", 0.0), (), Observation(), Settings())
    assert Lookout(store, view=lambda: view).scene().trouble == "the driver does not answer"


def test_of_all_jobs_only_those_count_as_over_that_end_while_one_looks(store: Store, jobs: list[Job], until) -> None:
    """A queue remembers the jobs of years."""
    with store.change() as change:
        change.move(jobs[0].id, State.CANCELLED)
    lookout = Lookout(store)
    assert lookout.scene().counts == {State.QUEUED: 2}
    with store.change() as change:
        change.move(jobs[1].id, State.CANCELLED)
    assert until(lambda: lookout.scene().counts == {State.QUEUED: 1, State.CANCELLED: 1})


def test_a_watch_ends_when_all_is_over_and_tells_of_the_ends(
    store: Store, one_runs: Job, jobs: list[Job], tmp_path: Path
) -> None:
    """Whoever runs them: the runner is another thread here."""
    ended: list[Ended] = []
    scenes: list[Scene] = []
    for scene in watch(store, jobs, Devices("the test's machine"), newest_line, ended.append):
        scenes.append(scene)
        (tmp_path / "enough").touch()
    assert [each.is_over for each in scenes[-2:]] == [False, True]
    assert scenes[-1].counts == {State.DONE: 3}
    assert one_runs.id in [each.job.id for each in ended]
