"""`submit`, `work`, `hold`, `release`, `resume`, `run --detach` as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from scheduler.home import open_home
from scheduler.queue.job import Ending
from scheduler.queue.states import State
from scheduler.queue.store import Store
from tests.conftest import ROOT

GRID = """
experiment_group: G
command: [sh, -c, 'echo "$0" >> ledger; while [ -e wait ]; do sleep 0.01; done', "${args_no_hyphens}"]
grid: {x: [1, 2, 3]}
"""


@pytest.fixture
def grid(command_line):
    command_line.write("grid.yaml", GRID)
    return command_line


def test_a_time_that_is_over_is_said_to_be_so_and_keeps_nothing_back(grid) -> None:
    """The year of a copied line was an old one; nobody hears of it from jobs that simply start."""
    submitted = grid("submit", "grid.yaml", "--begin", "2020-01-01")
    assert submitted.stderr.count("--begin 2020-01-01 is over: nothing waits for it") == 1
    assert grid("work").returncode == 0
    assert "is over" not in grid("submit", "grid.yaml", "x=4", "--begin", "now").stderr


def test_who_cancels_what_runs_hears_of_what_is_starting(grid) -> None:
    """A job in Slurm's queue is starting, and so is one whose Python is slow to come: `running` names neither, in silence."""
    grid("submit", "grid.yaml")
    with Store(open_home(grid.home)) as store, store.change() as change:
        change.begin(store.jobs()[0], "ssh/ada/1", "")
    told = "1 still starting, which `running` does not name: `exp-queue cancel starting` stops what is"
    assert told in grid("cancel", "running").stderr
    assert told not in grid("cancel", "queued").stderr


def test_submit_starts_nothing_and_work_runs_all_of_it(grid) -> None:
    """Fill the queue now, run it tonight."""
    submitted = grid("submit", "grid.yaml")
    assert submitted.returncode == 0
    assert "exp-queue work" in submitted.stderr
    assert (grid.states(), grid.noted()) == (["queued"] * 3, [])
    worked = grid("work", "-j2")
    assert worked.returncode == 0, worked.stderr
    assert grid.noted() == ["x=1", "x=2", "x=3"]
    assert len(worked.stdout.splitlines()) == 4
    assert "nothing was run" in grid("work").stderr


def test_people_are_shown_the_newest_jobs_and_programs_all(command_line) -> None:
    """A script that counted what has failed counted fifty at most."""
    command_line.write("many.yaml", f"command: ['true', '${{n}}']\ngrid: {{n: {list(range(60))}}}\n")
    assert command_line("submit", "many.yaml").returncode == 0
    table = command_line("status")
    assert "the newest 50 of 60 jobs; --limit 0 shows all" in table.stderr
    everything = command_line("status", "--format", "json")
    assert (len(json.loads(everything.stdout)), "of 60 jobs" in everything.stderr) == (60, False)
    assert len(json.loads(command_line("status", "--format", "json", "--limit", "7").stdout)) == 7


def test_work_forever_takes_what_comes_later_and_ends_with_ctrl_c(grid, until) -> None:
    """A runner that stays: a submit from another terminal wakes it, without polling."""
    runner = grid.start("work", "--forever", "-j2")
    until(lambda: "until Ctrl-C" in runner.stderr.readline())
    assert f"the runner with pid {runner.pid} takes what is queued" in grid("submit", "grid.yaml", "x=7").stderr
    until(lambda: grid.states() == ["done"])
    grid("submit", "grid.yaml", "x=8")
    until(lambda: grid.states() == ["done", "done"])
    runner.send_signal(signal.SIGINT)
    stdout, _ = runner.communicate(timeout=100)
    assert runner.returncode == 130
    assert len(stdout.splitlines()) == 3


def test_held_jobs_do_not_start_until_released(grid) -> None:
    """Keep one back without losing its place."""
    assert "`exp-queue work` runs what is queued" in grid("submit", "grid.yaml").stderr
    assert grid("hold", "last").returncode == 0
    grid("work")
    assert grid.states() == ["done", "done", "held"]
    assert grid("release", "held").returncode == 0
    grid("work")
    assert grid.states() == ["done"] * 3


def test_hold_leaves_what_is_over_alone(grid) -> None:
    """`hold all` is about what waits."""
    grid("run", "grid.yaml", "x=1")
    grid("submit", "grid.yaml", "x=2")
    grid("hold", "all")
    assert grid.states() == ["done", "held"]


def test_a_whole_group_is_cancelled_by_its_name(grid) -> None:
    """One bad idea, forty jobs."""
    grid.write("other.yaml", GRID.replace("experiment_group: G", "experiment_group: Other"))
    grid("submit", "grid.yaml")
    grid("submit", "other.yaml", "x=1")
    assert grid("cancel", "group:G").returncode == 0
    assert grid.states() == ["cancelled"] * 3 + ["queued"]


def test_resume_goes_on_with_what_was_interrupted(grid, until) -> None:
    """After Ctrl-C Ctrl-C, or on Monday morning: one command, no file named."""
    (grid.directory / "wait").touch()
    runner = grid.start("run", "grid.yaml", "-j1")
    until(lambda: grid.noted())
    runner.send_signal(signal.SIGINT)
    until(lambda: "Ctrl-C again" in runner.stderr.readline())
    runner.send_signal(signal.SIGINT)
    runner.wait(100)
    assert grid.states() == ["cancelled", "queued", "queued"]
    (grid.directory / "wait").unlink()
    assert grid("resume", "-j2").returncode == 0
    assert grid.states() == ["done"] * 3


def test_resume_leaves_a_lost_job_alone_unless_it_can_resume(grid) -> None:
    """Nobody knows what it has done; its file can say that starting again is safe."""
    grid("submit", "grid.yaml", "x=1")
    grid.write("safe.yaml", GRID + "policy: {resumable: true}\n")
    grid("submit", "safe.yaml", "x=2")
    with Store(open_home(grid.home)) as store, store.change() as change:
        for job in store.jobs():
            attempt = change.begin(job, "gone", "")
            assert attempt
            change.end(attempt, Ending(State.LOST), None)
    result = grid("resume")
    assert "1 with unknown outcome" in result.stderr
    assert (grid.states(), grid.noted()) == (["lost", "done"], ["x=2"])


def test_detach_gives_the_prompt_back_and_runs_on(grid, until) -> None:
    """Close the laptop: the runner is in a session of its own, its progress in a file. A scheduler.py of the user is not ours."""
    grid.write("scheduler.py", "raise SystemExit('the wrong scheduler')")
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from scheduler.cli.main import main; main()"
    result = subprocess.run(
        [sys.executable, "-I", "-c", program, "run", "grid.yaml", "--detach", "-j2"],
        cwd=grid.directory,
        env=grid.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    (log,) = (grid.home / "detached").iterdir()
    until(lambda: "3 jobs: 3 done" in log.read_text())
    assert grid.noted() == ["x=1", "x=2", "x=3"]


@pytest.mark.parametrize("command", ["work", "resume"])
def test_a_queued_job_that_asks_for_a_gpu_never_runs_on_the_cpu(grid, command: str) -> None:
    """`submit` takes it, since a GPU may be there tonight; a training on the CPU is not what was asked for."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 1}\n")
    assert grid("submit", "gpu.yaml", "x=1").returncode == 0
    result = grid(command)
    assert result.returncode == 1
    assert "can never run here: it asks for 1 GPU" in result.stderr
    assert "exp-queue cancel" in result.stderr
    assert (grid.states(), grid.noted()) == (["queued"], [])


@pytest.mark.parametrize("command", ["work", "resume"])
def test_a_job_that_can_never_run_here_keeps_no_other_from_running(grid, command: str) -> None:
    """It stays queued with its reason, the others run, and the exit status says that not all is done."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 5}\n")
    grid("submit", "gpu.yaml", "x=1")
    grid("submit", "grid.yaml", "x=2")
    grid("submit", "gpu.yaml", "x=3")
    grid("cancel", "last")
    result = grid(command)
    assert result.returncode == 1, result.stderr
    assert grid.states() == (["queued", "done", "queued"] if command == "resume" else ["queued", "done", "cancelled"])
    assert grid.noted() == ["x=2"]
    assert "it asks for 5 GPUs" in result.stderr
    assert "still queued: " in result.stderr


def test_retry_of_jobs_that_can_never_run_here_is_refused(grid) -> None:
    """A person named them, and nothing else was asked for: exit status 3, as for a file of such."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 5}\n")
    grid("submit", "gpu.yaml")
    result = grid("retry", "queued")
    assert result.returncode == 3
    assert "can never run here: it asks for 5 GPUs" in result.stderr


def test_a_job_for_a_gpu_that_comes_later_does_not_run_on_the_cpu_either(grid, until) -> None:
    """A runner that stays says why it leaves the job alone, and runs what stands behind it."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 1}\n")
    runner = grid.start("work", "--forever", "-j1")
    until(lambda: "until Ctrl-C" in runner.stderr.readline())
    grid("submit", "gpu.yaml", "x=1")
    grid("submit", "grid.yaml", "x=2")
    until(lambda: grid.states() == ["queued", "done"])
    line = until(lambda: next((text for text in iter(runner.stderr.readline, "") if " wait" in text), ""))
    assert "it asks for 1 GPU and there is none" in line
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=100)
    assert grid.states() == ["queued", "done"]
    assert grid.noted() == ["x=2"]


@pytest.mark.parametrize("command", ["work", "resume"])
def test_work_names_the_command_that_repeats_what_failed(grid, command: str) -> None:
    """`work` again would find an empty queue: the advice has to be one that helps."""
    grid.write("bad.yaml", "command: ['false']\nbase: {}\n")
    grid("submit", "bad.yaml")
    result = grid(command)
    assert result.returncode == 1
    assert "`exp-queue retry failed`" in result.stderr
    assert "the same command" not in result.stderr
    assert "the same command" in grid("run", "bad.yaml").stderr


def test_detach_refuses_what_can_never_run_where_it_is_read(grid) -> None:
    """Not with status 0, and the refusal in a file that nobody looks into."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 1}\n")
    result = grid("run", "gpu.yaml", "--detach")
    assert result.returncode == 3
    assert "can never run here" in result.stderr
    assert not (grid.home / "detached").exists()


@pytest.mark.parametrize("name", ["-", "pipe"])
def test_detach_refuses_what_can_be_read_once_alone(grid, name: str) -> None:
    """What `<(...)` said was read here and not found by the command in the background: told in a file that nobody looks into."""
    os.mkfifo(grid.directory / "pipe")
    with subprocess.Popen(["sh", "-c", "echo true > pipe"], cwd=grid.directory) as feeding:
        result = grid("run", "--commands", name, "--detach", input="true\n")
        feeding.kill()
    assert (result.returncode, "standard input and pipes do not allow" in result.stderr) == (2, True), result.stderr
    assert not (grid.home / "detached").exists()


def test_a_dry_run_is_shown_here_also_with_detach(grid) -> None:
    """Whoever tries out a command line wants to see what it would do."""
    result = grid("run", "grid.yaml", "--detach", "--dry-run")
    assert result.returncode == 0
    assert "Nothing was started" in result.stderr
    assert len(result.stdout.splitlines()) == 4
    assert not (grid.home / "detached").exists()


def test_a_dry_run_tells_what_would_run_from_what_has_run(grid) -> None:
    """That is what people ask it before a night: what would be computed once more."""
    first = grid("run", "grid.yaml", "--dry-run")
    assert "3 experiments (3 new)" in first.stderr
    assert "what" not in first.stdout.splitlines()[0]
    assert not (grid.home / "queue.db").exists(), "nothing is made where there is no queue yet"
    assert grid("run", "grid.yaml", "x=1").returncode == 0
    then = grid("run", "grid.yaml", "--dry-run")
    assert "3 experiments (2 new, 1 succeeded before)" in then.stderr
    assert [line.split()[1] for line in then.stdout.splitlines()[1:]] == ["succeeded", "new", "new"]
    rows = json.loads(grid("run", "grid.yaml", "--dry-run", "--format", "json", "--again").stdout)
    assert [row["verb"] for row in rows] == ["new"] * 3


def test_changing_its_resources_and_submitting_again_helps_a_queued_job(grid) -> None:
    """It is what the error messages advise; the person hears that it was done."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 5}\n")
    result = grid("submit", "gpu.yaml")
    assert result.returncode == 0
    assert "and 2 more can never run here: it asks for 5 GPUs" in result.stderr
    assert "can never run here: it asks for 5 GPUs" in grid("status").stderr
    assert {job["reason"][:40] for job in grid.jobs()} == {"can never run here: it asks for 5 GPUs a"}
    assert "can never run here: it asks for 5 GPUs" in grid("explain").stdout
    grid.write("gpu.yaml", GRID)
    result = grid("submit", "gpu.yaml", "--format", "json")
    assert "3 queued jobs take the file's present resources, policy and command" in result.stderr
    assert [job["verb"] for job in json.loads(result.stdout)] == ["renewed"] * 3
    assert grid("work").returncode == 0
    assert grid.states() == ["done"] * 3


def test_a_runner_that_stays_takes_up_a_job_that_now_asks_for_less(grid, until) -> None:
    """It has put the job aside; the word of the person who has changed the file must reach it."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 5}\n")
    runner = grid.start("work", "--forever", "-j1")
    until(lambda: "until Ctrl-C" in runner.stderr.readline())
    grid("submit", "gpu.yaml")
    until(lambda: "can never run here" in runner.stderr.readline())
    grid.write("gpu.yaml", GRID)
    grid("submit", "gpu.yaml")
    grid("submit", "grid.yaml", "x=9")
    until(lambda: grid.states()[-1] == "done")
    assert grid.states() == ["done"] * 4, "they were first in the queue"
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=100)
    assert runner.returncode == 130


def test_pause_continue_and_wait_as_they_are_typed(grid, until) -> None:
    """Make room for a colleague at noon; go on, and plot when all is over, whoever ran it."""
    (grid.directory / "wait").touch()
    runner = grid.start("run", "grid.yaml", "x=1")
    until(lambda: grid.states() == ["running"])
    paused = grid("pause")
    assert (paused.returncode, paused.stderr.splitlines()[-1]) == (0, "1 paused")
    assert grid("status", "paused").stdout.splitlines()[1].split()[1] == "paused"
    assert "it is paused since" in grid("explain", "running").stdout
    assert grid.jobs()[0]["paused"]
    (grid.directory / "wait").unlink()
    too_long = grid("wait", "--timeout", "0.2")
    assert too_long.returncode == 3
    assert "1 paused: `exp-queue continue paused`" in too_long.stderr
    assert grid("continue").returncode == 0
    waited = grid("wait", "all", "--format", "json")
    assert (waited.returncode, [job["state"] for job in json.loads(waited.stdout)]) == (0, ["done"])
    assert grid("wait").returncode == 2
    assert runner.wait(60) == 0


def test_a_pause_of_what_is_queued_names_hold_and_is_no_success(grid) -> None:
    """It would start all the same."""
    grid("submit", "grid.yaml", "x=1")
    refused = grid("pause", "all")
    assert refused.returncode == 1
    assert "`exp-queue hold` keeps queued jobs from starting" in refused.stderr
    assert "no failed jobs" in grid("status", "failed").stderr


def test_jobs_run_by_priority_and_a_moved_one_runs_first(grid) -> None:
    """The order of the ledger is the order of the queue; what `move` says is heard by whoever runs it."""
    grid("submit", "grid.yaml")
    grid("submit", "grid.yaml", "x=7", "--priority", "2")
    first = next(job["id"] for job in grid.jobs() if job["config"]["x"] == 3)
    assert f"{first[:8]} now has priority 3" in grid("move", first[:8], "first").stderr
    assert "say where to" in grid("move", first[:8]).stderr
    refused = grid("move", first[:8], "--priority=--5")
    assert (refused.returncode, "expected a whole number" in refused.stderr) == (2, True), refused.stderr
    assert grid("work", "-j1").returncode == 0
    assert (grid.directory / "ledger").read_text().split() == ["x=3", "x=7", "x=1", "x=2"]
    assert "nothing was moved" in grid("move", "all", "last").stderr


def test_a_file_comes_after_another_and_is_skipped_where_that_fails(grid) -> None:
    """`after:` in the file, `--after` on the command line; the reason stands wherever one looks."""
    grid.write("test.yaml", GRID.replace("experiment_group: G", "after: G").replace("[1, 2, 3]", "[8, 9]"))
    refused = grid("run", "test.yaml")
    assert (refused.returncode, 'test.yaml:2:8: to come after: "G" is neither' in refused.stderr) == (2, True)
    grid("submit", "grid.yaml", "x=1")
    grid("submit", "test.yaml")
    assert "2 jobs wait, the first of them" in grid("status").stderr
    assert "(`exp-queue explain " in grid("explain", "last").stdout
    ran = grid("run", "test.yaml", "-j4")
    assert (ran.returncode, "also runs what these come after: 1 job" in ran.stderr) == (0, True)
    assert (grid.directory / "ledger").read_text().split()[0] == "x=1"
    grid("submit", "grid.yaml", "x=5")
    last = next(job["id"] for job in grid.jobs() if job["config"]["x"] == 5)
    grid("submit", "test.yaml", "y=1", "--after", last[:8], "--after", "group:G", "--begin", "4h")
    grid("cancel", last[:8])
    skipped = [job for job in grid.jobs() if job["state"] == "skipped"]
    assert {job["reason"] for job in skipped} == {f"it comes after {last[:8]}, which was cancelled"}
    assert "2 jobs, the first of them" in grid("status", "skipped").stderr
    assert "--begin: expected a time" in grid("submit", "test.yaml", "--begin", "soon").stderr
