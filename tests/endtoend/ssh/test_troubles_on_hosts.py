"""Hosts that are gone for a while, runners that are killed, jobs that are to stop: nothing is lost, and nothing runs twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.endtoend.ssh.test_full_hosts import NOTED, said
from tests.git_checkouts import checkout, git
from tests.ssh_hosts import Hosts
from tests.waiting import until

BOTH = ("--on", "ssh:ada,babbage")


def alive(pid: str) -> bool:
    return Path("/proc", pid).exists()


def test_a_host_that_is_gone_for_a_while_loses_nothing(line: CommandLine, hosts: Hosts) -> None:
    """What runs there goes on and its end is heard of when it answers again; what waits goes to the other host meanwhile."""
    file = grid(line, "[0, 1]", more=", stay: [true]")
    running = line.start("run", file, *BOTH, "-j2", "--plain")
    until(lambda: all((line.directory / f"{n}.json").exists() for n in range(2)))
    until(lambda: [job["state"] for job in line.jobs()] == ["running"] * 2)  # it has been heard here that they have begun
    on_ada = 0 if str(hosts["ada"].home) in environment(line, 0)["EXP_QUEUE_RUN_DIR"] else 1
    hosts["ada"].stop()
    (line.directory / "go").touch()
    until(lambda: not alive(environment(line, on_ada)["PID"]))
    until(lambda: sorted(job["state"] for job in line.jobs()) == ["done", "running"])
    hosts["ada"].start()
    assert running.wait(100) == 0, running.stderr.read() if running.stderr else ""
    assert [job["state"] for job in line.jobs()] == ["done"] * 2
    assert [(line.directory / f"{n}.began").read_text() for n in range(2)] == ["x"] * 2
    assert f"hello from {on_ada}" in line("logs", line.jobs()[on_ada]["id"]).stdout


@pytest.mark.slow
def test_a_killed_runner_goes_on_later_with_what_runs(line: CommandLine, hosts: Hosts) -> None:
    """It held nothing that is not in the queue, here or there: the same command finds the job where it is, and its end too."""
    file = grid(line, "[0]", more=", stay: [true], status: [5]")
    first = line.start("run", file, "--on", "ssh:ada", "--plain")
    until((line.directory / "0.json").exists)
    until(lambda: line.jobs()[0]["state"] == "running")
    first.send_signal(signal.SIGKILL)
    first.wait()
    (line.directory / "go").touch()
    until(lambda: not alive(environment(line, 0)["PID"]))
    again = line("run", file, "--on", "ssh:ada")
    assert again.returncode == 1, again.stderr
    job = line.jobs()[0]
    assert (job["state"], job["exit_status"]) == ("failed", 5)
    assert (line.directory / "0.began").read_text() == "x"


def test_a_commit_during_the_run_is_known_to_the_host_that_answers_again(line: CommandLine, hosts: Hosts) -> None:
    """The folder is shared, so it is there too: told of the commit of the beginning it refused for ever, and nobody heard."""
    checkout(line.directory)
    running = line.start("run", grid(line, "[0, 1]", more=", stay: [true]"), "--on", "ssh:ada", "-j1", "--plain")
    until((line.directory / "0.json").exists)
    hosts["ada"].stop()
    git(line.directory, "commit", "-q", "--allow-empty", "-m", "second")
    (line.directory / "go").touch()
    hosts["ada"].start()
    assert running.wait(100) == 0, running.stderr.read() if running.stderr else ""
    assert [job["state"] for job in line.jobs()] == ["done"] * 2


def test_cancel_ends_the_whole_tree_there(line: CommandLine, hosts: Hosts) -> None:
    """Also what has left its session; and the runner hears of it as of any other end."""
    line.write("tree.sh", "setsid sleep 1000 & echo $! > child; echo $$ > part; mv part main; wait\n")
    running = line.start("run", "--commands", line.write("one.txt", "sh tree.sh\n"), "--on", "ssh:ada", "--grace", "1")
    until((line.directory / "main").exists)
    until(lambda: line.jobs()[0]["state"] == "running")
    pids = [(line.directory / name).read_text().strip() for name in ("main", "child")]
    done = line("cancel", line.jobs()[0]["id"])
    assert done.returncode == 0, done.stderr
    assert [alive(pid) for pid in pids] == [False, False]
    assert running.wait(100) == 1
    assert line.jobs()[0]["state"] == "cancelled"


@pytest.mark.slow
def test_a_host_that_never_answers_is_named_and_the_others_work(line: CommandLine, hosts: Hosts) -> None:
    """A machine that is off today is no reason to compute nothing; where none answers, ssh itself says best why."""
    hosts["babbage"].stop()
    file = grid(line, "[0]")
    done = line("run", file, *BOTH)
    assert done.returncode == 0, done.stderr
    assert "babbage: does not answer" in done.stderr
    alone = line("run", file, "--on", "ssh:babbage")
    assert (alone.returncode, "Connection refused" in alone.stderr) == (2, True), alone.stderr


def test_a_stop_that_cannot_reach_its_host_is_said_to_wait_for_it(line: CommandLine, hosts: Hosts) -> None:
    """After a second Ctrl-C it was said to be stopped, and nothing more, for as long as the host was away."""
    running = line.start("run", grid(line, "[0]", more=", stay: [true]"), "--on", "ssh:ada", "--plain", through=NOTED)
    until(lambda: line.states() == ["running"])
    hosts["ada"].stop()
    until(lambda: said(line, "ada does not answer"))
    running.send_signal(signal.SIGINT)
    until(lambda: said(line, "waiting for 1 job to finish"))
    running.send_signal(signal.SIGINT)
    until(lambda: said(line, ": ada does not answer, and so it is stopped when a run reaches ada") == 1)
    hosts["ada"].start()
    assert running.wait(100) == 130
    assert line.states() == ["cancelled"]
