"""Jobs in Slurm are stopped like any others, by us or behind our back; and who submitted them may die."""

from __future__ import annotations

import json
import os
import signal
import subprocess

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.slurm_cluster import Cluster
from tests.waiting import until

STAY = ", stay: [true]"
BOTH = "resources: {gpus: 4}"  # one at a time: the second waits in Slurm's queue


def begun(line: CommandLine, n: int) -> bool:
    return (line.directory / f"{n}.json").exists()


def submit_two(line: CommandLine, *options: str, head: str = BOTH) -> subprocess.Popen[str]:
    """Of two jobs one runs, and one waits in Slurm's queue."""
    running = line.start("run", grid(line, "[0, 1]", STAY, head), "--on", "slurm", *options)
    until(lambda: begun(line, 0))
    until(lambda: line.states() == ["running", "starting"])
    return running


def test_cancel_ends_what_runs_and_what_waits_in_slurm(line: CommandLine, cluster: Cluster) -> None:
    """From another terminal; what waits never starts, and nothing of either is left in Slurm."""
    running = submit_two(line)
    done = line("cancel", "all")
    assert done.returncode == 0, done.stderr
    assert line.states() == ["cancelled"] * 2
    assert running.wait(100) == 1
    assert not begun(line, 1)
    until(lambda: not cluster.ask("squeue", "--noheader"))


def test_one_ctrl_c_takes_back_what_waits_and_lets_the_running_finish(line: CommandLine, cluster: Cluster) -> None:
    """As on one machine: nothing more starts, what runs is not spoiled, and the same command goes on later."""
    running = submit_two(line)
    running.send_signal(signal.SIGINT)
    until(lambda: line.states() == ["running", "queued"])
    (line.directory / "go").touch()
    assert running.wait(100) == 130
    assert line.states() == ["done", "queued"]
    assert line("run", "grid.yaml", "--on", "slurm").returncode == 0
    assert line.states() == ["done", "done"]
    assert [(line.directory / f"{n}.began").read_text() for n in (0, 1)] == ["x", "x"]


def test_after_a_kill_of_the_runner_all_goes_on_and_the_same_command_joins_it(line: CommandLine) -> None:
    """Slurm has the jobs, and their launchers write down how they end: nothing is lost, and nothing runs twice."""
    running = submit_two(line)
    running.kill()
    running.wait()
    (line.directory / "go").touch()
    until(lambda: begun(line, 1))
    done = line("run", "grid.yaml", "--on", "slurm")
    assert done.returncode == 0, done.stderr
    assert line.states() == ["done", "done"]
    assert [(line.directory / f"{n}.began").read_text() for n in (0, 1)] == ["x", "x"]


def test_ends_that_nobody_waited_for_are_seen_by_whoever_looks(line: CommandLine) -> None:
    """`status` needs no Slurm: the journals on the shared folder tell."""
    running = submit_two(line)
    running.kill()
    running.wait()
    (line.directory / "go").touch()
    until(lambda: line.states() == ["done", "done"])


def test_a_runner_that_was_killed_before_it_submitted_loses_nothing(line: CommandLine) -> None:
    """The attempts are in the store, and Slurm has never heard of them: then they have not begun."""
    line.environment["EXP_QUEUE_FAILPOINT"] = "begin-committed:kill"
    assert line.start("run", grid(line, "[0, 1]"), "--on", "slurm").wait(100) != 0
    del line.environment["EXP_QUEUE_FAILPOINT"]
    assert line.states() == ["starting", "starting"]
    assert line("run", "grid.yaml", "--on", "slurm").returncode == 0
    assert line.states() == ["done", "done"]
    assert [environment(line, n)["EXP_QUEUE_ATTEMPT"] for n in (0, 1)] == ["1", "1"], "an attempt that never ran is not spent"


def test_a_person_s_scancel_is_told_as_such(line: CommandLine, cluster: Cluster) -> None:
    """Nobody should look for a fault in the script; neither what ran nor what waited is tried again behind that person's back."""
    running = submit_two(line)
    job = cluster.ask("squeue", "--noheader", "--states=RUNNING", "--format=%F")
    cluster.ask("scancel", job)
    assert running.wait(100) == 1
    shown = [json.loads(line("show", each["id"], "--format", "json").stdout) for each in line.jobs()]
    assert line.states() == ["cancelled"] * 2
    assert all("scancel" in json.dumps(each) for each in shown)
    assert not begun(line, 1)


def test_a_launcher_that_is_killed_leaves_its_attempt_lost(line: CommandLine) -> None:
    """What became of the job nobody knows, and a guess could run it twice."""
    running = submit_two(line)
    os.kill(int(environment(line, 0)["PARENT"]), signal.SIGKILL)
    until(lambda: line.states()[0] == "lost")
    (line.directory / "go").touch()
    assert running.wait(100) == 1
    assert line.states() == ["lost", "done"]


def test_a_time_out_of_ours_is_ours_to_keep(line: CommandLine) -> None:
    """The launcher stops the job in the way that lets it save its work; Slurm's own limit is a minute away."""
    done = line("run", grid(line, "[0]", STAY, "policy: {timeout: 1s, grace: 1s}"), "--on", "slurm", "--format", "json")
    assert [each["state"] for each in json.loads(done.stdout)] == ["timeout"]
    assert done.returncode == 1
