"""What this machine says of queued jobs that a run sends to hosts: where they go, and what is known of that."""

from __future__ import annotations

import json
import signal

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import grid, rows, shown
from tests.endtoend.ssh.conftest import WithGpus
from tests.endtoend.ssh.test_full_hosts import NOTED, said, state
from tests.waiting import until


def test_what_waits_for_a_host_is_not_judged_by_this_machine(there: WithGpus, command_line: CommandLine) -> None:
    """It said that such a job can never run, since no GPU is here: two of them ran at that moment."""
    line = command_line
    run = line.start(
        "run", grid(line, "[0, 1, 2]", ", stay: [true]", "resources: {gpus: 1}"), "--on", "ssh:ada,babbage", "--plain"
    )
    until(lambda: [each["state"] for each in line.jobs()] == ["running", "running", "queued"])
    full = "its runner may have no more than 2 there at once"
    until(lambda: line.jobs()[2]["reason"] == full)
    (went,) = line.jobs()[2]["goes_to"]
    assert (went["on"], went["under_way"]) == ("ssh:ada,babbage", {"on ada": 1, "on babbage": 1})
    assert [each["goes_to"] for each in line.jobs()[:2]] == [[], []]
    status = line("status").stderr
    assert "never" not in status
    assert f"waits: {full}" in status
    assert "goes to ada and babbage over ssh: 2 of its jobs are there (1 on ada, 1 on babbage); its runner (pid " in status
    why = line("explain", line.jobs()[2]["id"][:8]).stdout
    assert f"waits: it goes to ada and babbage over ssh: {full}; 2 of its jobs are there" in why
    assert why.endswith(" knows: ada: 1 GPU (Fake); babbage: 1 GPU (Fake)\n")
    runs = line("explain", line.jobs()[0]["id"][:8]).stdout
    assert runs.endswith(("does not wait: it is running on GPU 0 of ada\n", "does not wait: it is running on GPU 0 of babbage\n"))
    assert shown(line, line.jobs()[2]["id"])["goes_to"] == [went]
    assert rows(line, line.jobs()[2]["id"])["goes to"] == f"ssh:ada,babbage (by the runner with pid {went['pid']})"
    run.send_signal(signal.SIGINT)
    until(lambda: line.jobs()[2]["reason"] == "its runner was interrupted, and starts nothing more")
    (line.directory / "go").touch()
    assert run.wait(100) == 130
    assert line.jobs()[2]["goes_to"] == []


def test_a_job_that_no_host_can_run_is_said_to_be_so_of_the_hosts(there: WithGpus, command_line: CommandLine) -> None:
    """By the runner, which has asked them, as long as it lives; of nobody's job it is said what is true of this machine."""
    line = command_line
    stays = "while [ ! -e go ]; do sleep 0.05; done"
    lines = line.write("two.txt", f"[gpus=3] true\n[gpus=1] {stays}\n")
    line("submit", "--commands", lines)
    run = line.start("work", "--on", "ssh:ada", "--plain", through=NOTED)
    until(lambda: state(line, 1) == "running")
    reason = until(lambda: line.jobs()[0]["reason"])
    assert reason == "it can never run there: it asks for 3 GPUs, and no host has more than 1 (ada)"
    assert f"goes to ada over ssh: {reason}" in line("explain", line.jobs()[0]["id"][:8]).stdout
    (line.directory / "go").touch()
    assert run.wait(100) == 1
    why = "can never run on ada: it asks for 3 GPUs, and no host has more than 1 (ada)"
    assert said(line, f" waits: it {why}; it stays queued") == said(line, f"still queued: 1 job that {why}.") == 1
    found = json.loads(line("status", "--format", "json").stdout)[0]  # nobody sends it any more
    assert found["reason"].startswith("can never run here: it asks for 3 GPUs")
