"""The same experiment file on other machines: each runs jobs under its own claims, and all that people ask afterwards is answered
here as ever."""

from __future__ import annotations

import json

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.ssh_hosts import Hosts
from tests.waiting import until

BOTH = ("--on", "ssh:ada,babbage")


def test_a_grid_runs_on_both_hosts_and_its_results_are_here(line: CommandLine, hosts: Hosts) -> None:
    """Logs, metrics and exit statuses are the same files as on one machine, so every other command goes on working."""
    file = grid(line, "[0, 1, 2, 3]", head="policy: {objective: {metric: loss, goal: minimize}}")
    done = line("run", file, *BOTH, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [each["state"] for each in found] == ["done"] * 4
    assert "loss 2" in done.stderr
    assert "hello from 1" in line("logs", found[1]["id"]).stdout
    assert line("run", file, *BOTH).returncode == 0
    assert (line.directory / "0.began").read_text() == "x", "what has succeeded is not run again"


def test_a_failure_keeps_its_exit_status_and_its_files_come_here(line: CommandLine, hosts: Hosts) -> None:
    """A script that asks whether all is well asks the exit status of `run`; and what a job has written must not stay over there,
    where nobody looks and nobody clears away."""
    done = line("run", grid(line, "[7]", more=", status: [3]"), "--on", "ssh:ada", "--format", "json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)[0]
    assert (found["state"], found["exit_status"]) == ("failed", 3)
    attempt = line.home / "attempts" / found["id"] / "1"
    assert (attempt / "model.bin").read_bytes() == bytes([7]) * 100_000
    seen = environment(line, 7)
    assert (seen["EXP_QUEUE_JOB"], seen["EXP_QUEUE_ATTEMPT"]) == (found["id"], "1")
    assert seen["EXP_QUEUE_RUN_DIR"].startswith(str(hosts["ada"].home))
    until(lambda: not list(hosts["ada"].home.glob("hosted/*/attempts/*/*")))  # the run leaves before it is told that all is gone
