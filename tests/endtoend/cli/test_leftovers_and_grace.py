"""What a script leaves behind, and the grace of a stop, as a user meets them: in `run`, `status`, `show`, `logs` and `cancel`."""

from __future__ import annotations

import signal
import sys

import pytest

# Leaves a process behind that waits until the test says so; `wait` in its name keeps it from being ended.
LEAVES = """
command: [sh, -c, 'until [ -e enough ]; do sleep 0.05; done >/dev/null 2>&1 & echo begun', sh, "${args}"]
base: {x: 1}
policy: {leftovers: wait}
"""
# Saves in its own time once it was asked to stop; deaf to SIGTERM.
SAVES = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
try:
    print("begun", flush=True)
    while True:
        time.sleep(0.05)  # a signal that comes just before a sleep does not end it
except KeyboardInterrupt:
    open("saving", "w").close()
while not os.path.exists("enough"):
    time.sleep(0.01)
print("COMPLETE")
"""


def line_with(stream, part: str) -> str:
    """The next line of a stream that has this in it."""
    for line in stream:
        if part in line:
            return line
    raise AssertionError(f"the output ended without {part!r}")


@pytest.fixture
def saving(command_line):
    command_line.write("save.py", SAVES)
    command_line.write("save.yaml", f"command: [{sys.executable}, save.py]\nbase: {{x: 1}}\npolicy: {{grace: 300s}}\n")
    return command_line


def test_what_was_left_behind_is_named_by_every_command_that_looks(command_line) -> None:
    """It is running, not starting and not done; also for those who look while no runner is there."""
    command_line.write("leaves.yaml", LEAVES)
    runner = command_line.start("run", "leaves.yaml")
    said = line_with(runner.stderr, "left 1 process behind: sh (pid ")
    assert "the script has ended (exit status 0)" in said
    runner.kill()
    runner.wait()
    status = command_line("status")
    assert "running" in status.stdout
    assert "left 1 process behind: sh (pid " in status.stderr
    assert "left 1 process behind: sh (pid " in command_line("show").stdout
    (job,) = command_line.jobs()
    assert job["note"].startswith("the script has ended (exit status 0) and left 1 process behind")
    again = command_line.start("run", "leaves.yaml")
    line_with(again.stderr, "is already running")
    line_with(again.stderr, "left 1 process behind: sh (pid ")
    command_line.write("enough", "")
    _, err = again.communicate(timeout=100)
    assert again.returncode == 0, err
    (job,) = command_line.jobs()
    assert (job["state"], job["exit_status"], job["note"]) == ("done", 0, "")
    assert job["duration"] > 5
    assert "1 process left behind went on for" in job["reason"]


def test_whoever_ends_it_says_so_in_run_show_and_the_log(command_line) -> None:
    """The command line's word stands over the file's."""
    command_line.write("leaves.yaml", LEAVES)
    result = command_line("run", "leaves.yaml", "--leftovers", "kill")
    assert result.returncode == 0, result.stderr
    assert "1 process left behind is ended: sh (pid " in result.stderr
    assert "done: exit status 0; 1 process left behind was ended: sh (pid " in command_line("show").stdout
    assert "[exp-queue] 2" in command_line("logs").stdout
    assert "1 process left behind is ended: sh (pid " in command_line("logs").stdout


def test_a_cancel_ends_what_was_left_behind(command_line, until) -> None:
    """The job is not over, so it can be cancelled; nothing of it stays."""
    command_line.write("leaves.yaml", LEAVES)
    runner = command_line.start("run", "leaves.yaml")
    until(lambda: "running" in command_line("status").stdout)
    result = command_line("cancel", "running")
    assert result.returncode == 0, result.stderr
    runner.wait(100)
    (job,) = command_line.jobs()
    assert (job["state"], job["exit_status"]) == ("cancelled", 0)


def test_a_checkpoint_is_saved_within_the_grace_of_its_file(saving, until) -> None:
    """Twenty-five seconds of saving were cut in their middle. The line says how long there is, and what comes then."""
    runner = saving.start("run", "save.yaml")
    until(lambda: "begun" in saving("logs", "running").stdout)
    runner.send_signal(signal.SIGINT)
    line_with(runner.stderr, "Ctrl-C again stops")
    runner.send_signal(signal.SIGINT)
    said = line_with(runner.stderr, "stopping 1 job")
    assert "it has 300 s to save the work, then SIGTERM follows and, 150 s later, SIGKILL" in said
    until((saving.directory / "saving").exists)
    saving.write("enough", "")
    assert runner.wait(100) == 130
    assert "COMPLETE" in saving("logs").stdout


def test_the_grace_of_a_cancel_is_for_this_once(saving, until) -> None:
    """Who has decided that there is nothing to be saved need not wait; and is told what is done."""
    runner = saving.start("run", "save.yaml")
    until(lambda: "begun" in saving("logs", "running").stdout)
    result = saving("cancel", "running", "--grace", "0")
    assert result.returncode == 0, result.stderr
    assert "SIGINT is sent; SIGKILL follows at once" in result.stderr
    runner.wait(100)
    (job,) = saving.jobs()
    assert (job["state"], job["exit_status"]) == ("cancelled", -signal.SIGKILL)


def test_the_grace_of_a_run_is_for_all_that_it_starts(saving, until) -> None:
    """Also for a time-out, which no runner has to live to see."""
    saving.write("short.yaml", f"command: [{sys.executable}, save.py]\nbase: {{x: 2}}\npolicy: {{timeout: 2s, grace: 0s}}\n")
    runner = saving.start("run", "short.yaml", "--grace", "300s")
    said = line_with(runner.stderr, "it took longer than its time-out of 2 s")
    assert "it has 300 s to save its work" in said
    saving.write("enough", "")
    assert runner.wait(100) == 1
    (job,) = saving.jobs()
    assert job["state"] == "timeout"
    assert job["exit_status"] in (0, -signal.SIGINT)  # the signal may have come before its `try`


@pytest.mark.parametrize(
    ("policy", "where"),
    [("leftovers: perhaps", "3:21: expected one of work, wait, kill"), ("grace: long", "3:17: expected a duration")],
)
def test_a_policy_that_means_nothing_is_refused_with_its_place(command_line, policy: str, where: str) -> None:
    """A misspelt `kill` must not become a job that keeps its GPU."""
    command_line.write("bad.yaml", f"command: ['true']\nbase: {{x: 1}}\npolicy: {{{policy}}}\n")
    result = command_line("check", "bad.yaml")
    assert result.returncode == 2
    assert f"bad.yaml:{where}" in result.stderr


def test_a_grace_that_is_no_time_is_refused(command_line) -> None:
    """Before anything is stopped."""
    result = command_line("cancel", "last", "--grace", "soon")
    assert result.returncode == 2
    assert "--grace: expected a duration" in result.stderr
