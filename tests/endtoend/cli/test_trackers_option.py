"""`--trackers`, as typed: which jobs find what in their environment."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import CommandLine

SAYS = "echo trackers=$EXP_QUEUE_TRACKERS"


def said(command_line: CommandLine, job: str) -> str:
    return command_line("logs", job).stdout.strip()


def test_the_trackers_of_a_submit_go_with_its_jobs_and_those_of_work_to_the_others(command_line: CommandLine) -> None:
    """Asked for when a job was queued, or when it runs."""
    command_line.write("named.txt", f"{SAYS} # named\n")
    command_line.write("others.txt", f"{SAYS} # other\n")
    assert command_line("submit", "--commands", "named.txt", "--trackers", "wandb,tb").returncode == 0
    assert command_line("submit", "--commands", "others.txt").returncode == 0
    assert command_line("work", "-j1", "--trackers", "trackio").returncode == 0
    named, other = command_line.jobs()
    assert [said(command_line, named["id"]), said(command_line, other["id"])] == [
        "trackers=wandb,tensorboard",
        "trackers=trackio",
    ]


def test_an_unknown_tracker_is_wrong_usage_and_nothing_is_queued(command_line: CommandLine) -> None:
    """Before the first job starts, and wherever it was named."""
    command_line.write("jobs.txt", f"{SAYS}\n")
    ended = command_line("run", "--commands", "jobs.txt", "--trackers", "tensorbord")
    assert ended.returncode == 2
    assert ended.stderr == 'exp-queue: --trackers: there is no tracker "tensorbord"; did you mean "tensorboard"?\n'
    command_line.environment["EXP_QUEUE_TRACKERS"] = "mlflow"
    ended = command_line("submit", "--commands", "jobs.txt")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "known are: wandb, tensorboard, swanlab, trackio" in ended.stderr
    assert command_line.jobs() == []


def test_the_python_face_names_trackers_too(command_line: CommandLine) -> None:
    """With the words of the command line, one or several; the program's own environment stays as it is."""
    command_line.write(
        "program.py",
        "import os, exp_queue\n"
        f"(job,) = exp_queue.run(commands=[{SAYS!r}], trackers=['tb', 'swanlab'], quiet=True)\n"
        "print(job.log().strip(), os.environ.get('EXP_QUEUE_TRACKERS'))\n",
    )
    ended = subprocess.run(
        [sys.executable, "program.py"],
        cwd=command_line.directory,
        env=command_line.environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.stdout == "trackers=tensorboard,swanlab None\n", ended.stderr
