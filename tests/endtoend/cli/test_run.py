"""`exp-queue run` as a user types it: real commands, real processes, real signals."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

GRID = """
experiment_group: Try
command: [python, job.py, "${args_json}"]
grid: {x: [1, 2, 3]}
"""
# Appends its own mark to a ledger, so that a test can count how often it really ran; x decides how long it takes and how it ends.
JOB = """
import json, os, sys, time
config = json.loads(sys.argv[1])
with open("ledger", "a") as ledger:
    ledger.write(f"{config['x']}\\n")
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    log.write(json.dumps({"_objective": {"name": "score", "goal": "maximize"}}) + "\\n")
    log.write(json.dumps({"_step": 1, "score": config["x"] / 10}) + "\\n")
print("working on", config["x"], flush=True)
while os.path.exists("wait"):
    time.sleep(0.01)
sys.exit(os.path.exists(f"fail-{config['x']}"))
"""


@pytest.fixture
def grid(command_line):
    command_line.write("grid.yaml", GRID)
    command_line.write("job.py", JOB)
    return command_line


def test_a_file_or_an_option_says_what_is_best(grid) -> None:
    """What the script declares is only a default; the file also ranks what has succeeded before it said so."""
    grid("run", "grid.yaml", "-j2")
    grid.write("grid.yaml", GRID + "policy: {objective: {metric: score, goal: minimize}}\n")
    again = grid("run", "grid.yaml")
    assert [row.split()[3] for row in again.stdout.splitlines()[1:]] == ["x=1", "x=2", "x=3"]
    assert grid.noted() == ["1", "2", "3"]
    best = grid("run", "grid.yaml", "--sort", "score:max")
    assert [row.split()[3] for row in best.stdout.splitlines()[1:]] == ["x=3", "x=2", "x=1"]
    first = grid("status", "--sort", "score:min", "--limit", "1")
    assert [row.split()[3] for row in first.stdout.splitlines()[1:]] == ["x=1"]
    unknown = grid("status", "--sort", "scroe")
    assert (unknown.returncode, 'no job here has a number for "scroe": they log score' in unknown.stderr) == (0, True)
    assert grid("status", "--sort", ":max").returncode == 2


def test_every_experiment_runs_once_and_the_best_stands_first(grid) -> None:
    """The main job: run the file, get a table of results on standard output and nothing else there."""
    result = grid("run", "grid.yaml", "-j2")
    assert result.returncode == 0, result.stderr
    header, *rows = result.stdout.splitlines()
    assert header.split() == ["id", "state", "group", "experiment", "score", "time", "#"]
    assert [row.split()[3] for row in rows] == ["x=3", "x=2", "x=1"]
    assert grid.noted() == ["1", "2", "3"]
    assert "3 jobs: 3 done" in result.stderr


def test_a_second_run_repeats_nothing_and_says_how_to(grid) -> None:
    """Typing the same command again is how people go on; finished work must not be paid twice."""
    grid("run", "grid.yaml")
    result = grid("run", "grid.yaml")
    assert result.returncode == 0
    assert "3 succeeded before" in result.stderr
    assert "--again" in result.stderr
    assert len(result.stdout.splitlines()) == 4
    assert grid.noted() == ["1", "2", "3"]


def test_again_runs_everything_as_new_jobs(grid) -> None:
    """The earlier results stay."""
    grid("run", "grid.yaml")
    assert grid("run", "grid.yaml", "--again").returncode == 0
    assert grid.noted() == ["1", "1", "2", "2", "3", "3"]
    assert len(grid.jobs()) == 6


def test_a_failure_gives_exit_status_1_shows_its_last_lines_and_is_all_that_a_second_run_repeats(grid) -> None:
    """Scripts can trust the status; people see at once why."""
    (grid.directory / "fail-2").touch()
    result = grid("run", "grid.yaml")
    assert result.returncode == 1
    assert "| working on 2" in result.stderr
    assert "exit status 1" in result.stderr
    (grid.directory / "fail-2").unlink()
    again = grid("run", "grid.yaml")
    assert again.returncode == 0
    assert "1 tried again" in again.stderr
    assert grid.noted() == ["1", "2", "2", "3"]


def test_retries_are_spent_by_policy_and_then_no_more(grid) -> None:
    """`policy: {retries: 1}` means two attempts, not three."""
    (grid.directory / "fail-1").touch()
    grid.write("grid.yaml", GRID + "policy: {retries: 1}\n")
    assert grid("run", "grid.yaml").returncode == 1
    assert grid.noted() == ["1", "1", "2", "3"]
    assert [(job["state"], job["attempt"]) for job in grid.jobs()] == [("failed", 2), ("done", 1), ("done", 1)]


def test_a_time_out_ends_the_job_and_the_run_goes_on(command_line) -> None:
    """One hanging experiment must not hold the others."""
    command_line.write("b.yaml", "command: [python, -c, 'import time; time.sleep(600)']\nbase: {}\npolicy: {timeout: 0.3s}\n")
    result = command_line("run", "b.yaml")
    assert result.returncode == 1
    assert command_line.states() == ["timeout"]


def test_dry_run_shows_the_commands_and_leaves_nothing(grid) -> None:
    """What, where, how many - and no state directory full of jobs."""
    result = grid("run", "grid.yaml", "--dry-run", "x=7", "-j3")
    assert result.returncode == 0
    assert "grid.yaml: 1 experiment (1 new), at most 3 at once, as asked; " in result.stderr
    assert 'job.py \'{"x": 7, "experiment_group": "Try"}\'' in result.stdout
    assert not grid.home.exists()
    described = json.loads(grid("run", "grid.yaml", "--dry-run", "--format", "json").stdout)
    assert [each["config"] for each in described] == [{"x": 1}, {"x": 2}, {"x": 3}]


def test_an_id_that_is_printed_is_an_id_that_is_known(grid) -> None:
    """People type what they see: before there is a job nothing looks like one, and what programs are told names it later."""
    seen = grid("run", "grid.yaml", "--dry-run").stdout + grid("check", "grid.yaml").stdout
    assert re.findall(r"\b[0-9a-f]{8,}\b", seen) == []
    ids = [each["id"] for each in json.loads(grid("prepare", "grid.yaml", "--format", "json").stdout)]
    ids += [each["experiment"] for each in json.loads(grid("run", "grid.yaml", "--dry-run", "--format", "json").stdout)]
    assert grid("submit", "grid.yaml").returncode == 0
    assert [job["config"]["x"] for each in ids for job in grid.jobs(each[:12])] == [1, 2, 3, 1, 2, 3]
    assert [job["config"]["x"] for job in grid.jobs(ids[1])] == [2]


def test_json_on_standard_output_is_all_there_is(grid) -> None:
    """`--format json | jq` must never stumble over a sentence."""
    rows = json.loads(grid("run", "grid.yaml", "--format", "json").stdout)
    assert [(row["state"], row["exit_status"], row["metrics"]["score"]) for row in rows] == [
        ("done", 0, 0.3),
        ("done", 0, 0.2),
        ("done", 0, 0.1),
    ]
    assert {"id", "name", "group", "attempt", "objective"} <= set(rows[0])


def test_the_first_ctrl_c_drains_and_the_same_command_goes_on(grid, until) -> None:
    """Interrupted work is not lost: what runs finishes, what waits stays queued, and the message says how to go on."""
    (grid.directory / "wait").touch()
    running = grid.start("run", "grid.yaml", "-j1")
    until(lambda: grid.noted())
    running.send_signal(signal.SIGINT)
    until(lambda: "nothing more is started" in running.stderr.readline())
    (grid.directory / "wait").unlink()
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "the same command again" in stderr
    assert grid.states() == ["done", "queued", "queued"]
    assert grid("run", "grid.yaml").returncode == 0
    assert grid.noted() == ["1", "2", "3"]


def test_the_second_ctrl_c_stops_what_runs(grid, until) -> None:
    """Twice means now: the job is cancelled, and nothing of it is left."""
    (grid.directory / "wait").touch()
    running = grid.start("run", "grid.yaml", "-j2")
    until(lambda: len(grid.noted()) == 2)
    running.send_signal(signal.SIGINT)
    until(lambda: "Ctrl-C again" in running.stderr.readline())  # two signals that wait at once are one
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert grid.states() == ["cancelled", "cancelled", "queued"]
    assert not processes_of(grid)


def processes_of(command_line) -> list[int]:
    """Processes that carry this test's state directory in their environment."""
    mark = f"EXP_QUEUE_HOME={command_line.home}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_jobs_go_on_without_their_runner_and_the_next_run_takes_them_over(grid, until, number) -> None:
    """kill -9, a lost ssh line or a polite request: nothing is lost, nothing runs twice, the true status is recorded."""
    (grid.directory / "wait").touch()
    first = grid.start("run", "grid.yaml", "-j2")
    until(lambda: len(grid.noted()) == 2 and grid.states() == ["running", "running", "queued"])
    first.send_signal(number)
    first.wait(100)
    assert grid.states() == ["running", "running", "queued"]
    second = grid.start("run", "grid.yaml", "-j2")
    until(lambda: "waiting for it" in second.stderr.readline())
    (grid.directory / "wait").unlink()
    _, stderr = second.communicate(timeout=60)
    assert second.returncode == 0, stderr
    assert grid.noted() == ["1", "2", "3"]
    assert [job["attempt"] for job in grid.jobs()] == [1, 1, 1]


def test_what_ended_while_nobody_watched_is_recorded_truly(grid, until) -> None:
    """The exit status of a job that outlived its runner is its own, whoever asks first."""
    (grid.directory / "wait").touch()
    (grid.directory / "fail-1").touch()
    first = grid.start("run", "grid.yaml", "-j1")
    until(lambda: grid.noted())
    first.kill()
    first.wait()
    (grid.directory / "wait").unlink()
    until(lambda: not processes_of(grid))
    assert [(job["state"], job["exit_status"]) for job in grid.jobs()] == [("failed", 1), ("queued", None), ("queued", None)]


def test_a_killed_launcher_makes_its_job_lost_and_only_lost_runs_it_again(grid, until) -> None:
    """Nobody knows how it ended, so nothing is claimed and nothing is repeated without being told."""
    (grid.directory / "wait").touch()
    first = grid.start("run", "grid.yaml", "x=1")
    until(lambda: grid.noted() and grid.states() == ["running"])
    (pid,) = launchers(grid)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not launchers(grid))
    assert grid.states() == ["running"], "the job lives, so its outcome is still open"
    (grid.directory / "wait").unlink()
    first.communicate(timeout=60)
    assert first.returncode == 1
    assert grid.states() == ["lost"]
    refused = grid("run", "grid.yaml", "x=1")
    assert "--lost" in refused.stderr
    assert refused.returncode == 1
    assert grid.noted() == ["1"]
    assert grid("run", "grid.yaml", "x=1", "--lost").returncode == 0
    assert grid.noted() == ["1", "1"]


def launchers(command_line) -> list[int]:
    """Process ids of launchers of this test."""
    found = []
    for pid in processes_of(command_line):
        with contextlib.suppress(OSError):  # it has just ended
            if b"launcher" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def test_two_runs_of_one_file_at_once_share_the_work(grid, until) -> None:
    """Twice at once: every experiment runs once, and both see all results."""
    (grid.directory / "wait").touch()
    both = [grid.start("run", "grid.yaml", "-j2") for _ in range(2)]
    until(lambda: len(grid.noted()) >= 2)  # all three, where each of them begins some before it hears of the other's
    (grid.directory / "wait").unlink()
    outputs = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0], outputs
    assert grid.noted() == ["1", "2", "3"]
    assert [len(stdout.splitlines()) for stdout, _ in outputs] == [4, 4]


def test_a_pipe_behind_run_ends_with_the_runner_although_jobs_go_on(grid, until) -> None:
    """No launcher keeps our standard output open: `exp-queue run FILE | tee log` must return."""
    (grid.directory / "wait").touch()
    runner = grid.start("run", "grid.yaml", "-j1")
    until(lambda: "started" in runner.stderr.readline())
    until(lambda: grid.noted())
    runner.kill()
    runner.communicate(timeout=100)  # returns only when nobody has the pipes open any more
    assert processes_of(grid), "the job should still run"
    (grid.directory / "wait").unlink()


def test_without_a_gpu_a_job_that_asks_for_one_can_never_run(grid) -> None:
    """Exit status 3, said before anything is queued."""
    grid.write("gpu.yaml", GRID + "resources: {gpus: 1}\n")
    grid.environment["CUDA_VISIBLE_DEVICES"] = ""
    result = grid("run", "gpu.yaml")
    assert result.returncode == 3
    assert "can never run here" in result.stderr
    assert grid.jobs() == []


def test_cpu_jobs_share_the_cores_unless_the_user_has_said_otherwise(command_line) -> None:
    """Two trainings with a thread per core each slow one another down; the user's own number wins."""
    command_line.environment["CUDA_VISIBLE_DEVICES"] = ""
    command_line.write("a.yaml", "command: [sh, -c, 'echo $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES']\nbase: {}\n")
    cores = len(os.sched_getaffinity(0))
    command_line("run", "a.yaml", "-j1")
    assert command_line("logs").stdout.split() == [str(cores), "-1"]
    command_line.environment["OMP_NUM_THREADS"] = "5"
    command_line("run", "a.yaml", "-j1", "--again")
    assert command_line("logs").stdout.split()[0] == "5"


def test_a_reader_that_goes_away_does_not_take_the_jobs_with_it(grid) -> None:
    """`exp-queue run FILE 2>&1 | head -1` still runs everything, and the jobs are recorded."""
    command = f"{sys.executable} -m scheduler.cli.main run grid.yaml 2>&1 | head -1"
    subprocess.run(["/bin/sh", "-c", command], cwd=grid.directory, env=grid.environment, capture_output=True, timeout=60)
    assert grid.states() == ["done", "done", "done"]


def test_a_run_stops_when_job_after_job_fails_at_once(grid) -> None:
    """The log says why, the rest stays queued, and the last words say how to go on."""
    grid.write("job.py", "import no_such_module\n")
    grid.write("grid.yaml", "command: [python, job.py, '${args}']\ngrid: {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n")
    result = grid("run", "grid.yaml", "-j1")
    assert result.returncode == 1
    assert grid.states() == ["failed"] * 5 + ["queued"] * 4
    assert "5 jobs in a row failed within 10 s of their start" in result.stderr
    assert "No module named 'no_such_module'" in result.stderr.split("5 jobs in a row")[1]
    assert "`python job.py`" in result.stderr
    assert "the same command again goes on with them; --max-failures none" in result.stderr


@pytest.mark.parametrize(("said", "failed"), [("none", 9), ("2", 2)])
def test_max_failures_is_the_word_of_the_command_line(grid, said: str, failed: int) -> None:
    """It stands above the policy of the file, in both directions."""
    grid.write("grid.yaml", "command: ['false', '${args}']\ngrid: {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\npolicy: {max_failures: 3}\n")
    assert grid("run", "grid.yaml", "-j1", "--max-failures", said).returncode == 1
    assert grid.states() == ["failed"] * failed + ["queued"] * (9 - failed)


@pytest.mark.parametrize("said", ["0", "-1", "many", "1.5", ""])
def test_max_failures_that_mean_nothing_are_refused(grid, said: str) -> None:
    """Zero failures would start nothing at all."""
    result = grid("run", "grid.yaml", f"--max-failures={said}")
    assert result.returncode == 2
    assert "max-failures" in result.stderr
    assert grid.jobs() == []


def test_a_list_of_commands_runs_each_line_once_and_repeats_what_failed(command_line) -> None:
    """A list that was interrupted is given again as it is; from a pipe it is the same list."""
    text = "echo one | tee -a ledger\n# a comment\n[gpus=0] echo two >> ledger; test -e mended\necho one | tee -a ledger\n"
    command_line.write("jobs.txt", text)
    first = command_line("run", "--commands", "jobs.txt", "-j1", "--max-failures", "none")
    assert first.returncode == 1, first.stderr
    assert "1 repeated experiment in the file: each runs once" in first.stderr
    assert command_line.noted() == ["one", "two"]
    command_line.write("mended", "")
    second = command_line("run", "--commands", "-", "-j1", input=text)
    assert second.returncode == 0, second.stderr
    assert command_line.noted() == ["one", "two", "two"]
    assert "echo two >> ledger; test -e mended" in second.stdout


def test_a_program_that_takes_no_json_is_told_of_before_and_after(command_line) -> None:
    """The reader of a failure sees argparse's words, and then ours."""
    command_line.write("train.py", "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr')\np.parse_args()\n")
    command_line.write("grid.yaml", "program: train.py\nbase: {lr: 1}\n")
    result = command_line("run", "grid.yaml")
    before, _, after = result.stderr.partition("unrecognized arguments")
    assert "--style flags" in before
    assert "--style flags" in after
    assert command_line("run", "grid.yaml", "--style", "flags").returncode == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [("automatic", 'found "automatic"; or write `auto`'), ("0", "expected a whole number of 1 or more, found 0")],
)
def test_a_number_of_jobs_that_is_none_is_refused(grid, word: str, said: str) -> None:
    """Nothing is started on a guess of what was meant."""
    refused = grid("run", "grid.yaml", "-j", word)
    assert (refused.returncode, said in refused.stderr, grid.noted()) == (2, True, [])


def test_auto_is_a_number_of_jobs_that_is_told_and_kept(grid) -> None:
    """The command that a person types, from the option to the file in the state directory."""
    auto = grid("run", "grid.yaml", "-j", "auto")
    assert "-j auto: " in auto.stderr
    assert "of `job.py`, to begin with" in auto.stderr
    assert grid.noted() == ["1", "2", "3"]
    assert list(json.loads((grid.home / "paces.json").read_text())) == [f"{grid.directory}/job.py"]


def test_auto_on_a_cluster_is_refused(grid) -> None:
    """The jobs of others run beside ours on a node: how fast all are together says nothing of how many are best."""
    refused = grid("run", "grid.yaml", "-j", "auto", "--on", "slurm")
    assert (refused.returncode, "-j auto is for jobs of this machine" in refused.stderr) == (2, True)
