"""A person's hand on a run with hosts, another run beside it, a host that restarts, and one whose key nobody knows."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.ssh_hosts import Hosts
from tests.waiting import in_time, until

BOTH = ("--on", "ssh:ada,babbage")


def interrupted(running: subprocess.Popen[str], said: str) -> None:
    """A Ctrl-C that has been heard."""
    running.send_signal(signal.SIGINT)
    assert running.stderr
    lines = iter(running.stderr.readline, "")
    assert in_time(lambda: any(said in line for line in lines)), f"it never said: {said}"


def test_ctrl_c_once_lets_go_on_what_runs_and_starts_nothing_more(line: CommandLine, hosts: Hosts) -> None:
    """What the other host has not begun is not begun; what computes for hours is not lost."""
    running = line.start("run", grid(line, "[0, 1]", ", stay: [true]"), "--on", "ssh:ada", "-j1", "--plain")
    until(lambda: "running" in line.states())
    interrupted(running, "Ctrl-C")
    (line.directory / "go").touch()
    assert running.wait(100) != 0
    assert line.states() == ["done", "queued"]
    assert not (line.directory / "1.began").exists()


def test_ctrl_c_twice_stops_what_runs_there(line: CommandLine, hosts: Hosts) -> None:
    """The whole tree, and it is over when the prompt is back."""
    running = line.start("run", grid(line, "[0]", ", stay: [true]"), "--on", "ssh:ada", "--plain", "--grace", "1")
    until(lambda: "running" in line.states())
    interrupted(running, "Ctrl-C")
    running.send_signal(signal.SIGINT)
    assert running.wait(100) != 0
    assert line.states() == ["cancelled"]
    assert not Path("/proc", environment(line, 0)["PID"]).exists()


@pytest.mark.slow
def test_two_runs_from_here_share_the_hosts(line: CommandLine, hosts: Hosts) -> None:
    """Two terminals: each has lines of its own, and hears of its own jobs. Nothing runs twice."""
    first = line.start("run", grid(line, "[0, 1]", ", stay: [true]"), *BOTH, "--plain")
    until(lambda: line.states().count("running") == 2)
    second = line.start("run", "--commands", line.write("two.txt", "echo x >> a\necho x >> b\n"), *BOTH, "--plain")
    until(lambda: len(line.states()) == 4)
    (line.directory / "go").touch()
    assert [each.wait(100) for each in (first, second)] == [0, 0]
    assert line.states() == ["done"] * 4
    assert [(line.directory / f"{n}.began").read_text() for n in (0, 1)] == ["x", "x"]
    assert [(line.directory / name).read_text() for name in ("a", "b")] == ["x\n", "x\n"]


@pytest.mark.slow
def test_a_host_whose_key_nobody_knows_is_named_and_the_others_work(line: CommandLine, hosts: Hosts) -> None:
    """Nobody is there to answer yes; whoever reads the log finds ssh's own words."""
    (hosts["babbage"].folder / "known_hosts").write_text("")
    done = line("run", grid(line, "[0]"), *BOTH)
    assert done.returncode == 0, done.stderr
    assert "babbage: does not answer" in done.stderr
    alone = line("run", "grid.yaml", "--again", "--on", "ssh:babbage")
    assert (alone.returncode, "Host key verification failed" in alone.stderr) == (2, True), alone.stderr


@pytest.mark.parametrize("resumable", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_host_that_restarts_has_lost_what_ran_there(line: CommandLine, hosts: Hosts, resumable: bool) -> None:
    """Whether such a job may run again, its policy says; that it is gone is heard once the host answers."""
    head = f"policy: {{resumable: {str(resumable).lower()}}}"
    running = line.start("run", grid(line, "[0]", ", stay: [true]", head), "--on", "ssh:ada", "--plain")
    until(lambda: line.states() == ["running"])
    hosts["ada"].crash()
    (line.directory / "go").touch()
    hosts["ada"].start()
    assert running.wait(100) == (0 if resumable else 1)
    assert line.states() == ["done" if resumable else "lost"]
    assert (line.directory / "0.began").read_text() == "xx"[: 1 + resumable]
