"""`status`, `logs`, `show`, `cancel`, `retry` as a user types them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SLEEPER = "command: [sh, -c, 'echo begun; exec sleep 600']\ngrid: {x: [1, 2]}\n"
QUICK = """
experiment_group: Quick
command: [sh, -c, 'printf "one\\n\\033[31mtwo\\n"; exit $1', sh, "${envvar:CODE}"]
grid: {x: [1, 2]}
"""


@pytest.fixture
def quick(command_line):
    command_line.environment["CODE"] = "0"
    command_line.write("quick.yaml", QUICK)
    return command_line


@pytest.fixture
def sleeping(command_line, until):
    """Two jobs, of which one runs and one waits, with their runner in the background."""
    command_line.write("sleep.yaml", SLEEPER)
    runner = command_line.start("run", "sleep.yaml", "-j1")
    until(lambda: "begun" in command_line("logs", "running").stdout)
    return command_line, runner


def test_status_lists_jobs_for_people_and_for_programs(quick) -> None:
    """The same facts twice; the counts go to standard error."""
    quick("run", "quick.yaml")
    table = quick("status")
    assert table.stdout.splitlines()[0].split() == ["id", "state", "group", "experiment", "time", "#"]
    assert table.stderr.strip() == "2 done"
    rows = quick.jobs()
    assert [(row["state"], row["group"], row["name"], row["attempt"], row["exit_status"]) for row in rows] == [
        ("done", "Quick", "x=1", 1, 0),
        ("done", "Quick", "x=2", 1, 0),
    ]


def test_status_without_any_job_says_how_to_make_some(command_line) -> None:
    """The first command that many people try."""
    result = command_line("status")
    assert (result.returncode, result.stdout) == (0, "")
    assert "exp-queue run FILE" in result.stderr
    assert command_line.jobs() == []


def test_jobs_are_named_by_prefix_last_or_state(quick) -> None:
    """Nobody types 32 digits."""
    quick("run", "quick.yaml")
    first, second = (row["id"] for row in quick.jobs())
    assert [row["id"] for row in quick.jobs(first[:6])] == [first]
    assert [row["id"] for row in quick.jobs("last")] == [second]
    assert [row["id"] for row in quick.jobs("done")] == [first, second]
    assert quick.jobs("failed") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "zzz"], '"zzz" is neither a job id nor a state; known are: last, all, group:NAME, trial:N'),
        (["show", "faild"], '"faild" is neither a job id nor a state; did you mean "failed"?'),
        (["logs", "abcdef"], 'no job has an id that begins with "abcdef"; `exp-queue status` lists all jobs'),
        (["show", "failed"], "no failed jobs; `exp-queue status` lists all jobs"),
        (["statsu"], 'unknown command "statsu"; did you mean "status"?'),
        (["status", "--bogus"], "No such option"),  # how it is named, click has changed
        (["run"], "Missing argument 'FILE'; see `exp-queue run --help`"),
        (["run", "missing.yaml"], "missing.yaml"),
        (["run", "quick.yaml", "-j0"], "Invalid value for '-j' / '--jobs'"),
    ],
)
def test_a_wrong_word_gets_one_line_that_helps_and_exit_status_2(quick, arguments, message) -> None:
    """What is wrong, and what to do; no traceback."""
    quick("run", "quick.yaml", "x=1")
    result = quick(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.startswith("exp-queue: ")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_logs_are_safe_by_default_and_raw_on_request(quick) -> None:
    """An escape sequence in a log is shown, not obeyed."""
    quick("run", "quick.yaml", "x=1")
    assert quick("logs").stdout == "one\n\\x1b[31mtwo\n"
    assert quick("logs", "last", "--raw").stdout == "one\n\x1b[31mtwo\n"


BAR = """
import sys
for step in range(5000):
    sys.stderr.write(f"\\r{step}/5000 loss 0.1")
sys.exit("the error")
"""


def test_a_progress_bar_is_one_line_and_the_error_stays_in_sight(command_line) -> None:
    """Its 5,000 updates were 5,000 lines, and all that a failure showed."""
    command_line.write("bar.py", BAR)
    command_line.write("bar.yaml", f"command: [{sys.executable}, bar.py]\nbase: {{}}\n")
    failed = command_line("run", "bar.yaml")
    assert [line for line in failed.stderr.splitlines() if "|" in line] == ["    | 4999/5000 loss 0.1the error"]
    assert command_line("logs").stdout == "4999/5000 loss 0.1the error\n"
    assert command_line("logs", "-f").stdout == "4999/5000 loss 0.1the error\n"
    assert command_line("logs", "--raw").stdout.count("/5000") == 5000


def test_logs_of_each_attempt_are_kept(quick) -> None:
    """A retry must not overwrite the evidence."""
    quick.environment["CODE"] = "3"
    quick("run", "quick.yaml", "x=1")
    assert quick("retry", "failed").returncode == 1
    assert quick("logs", "last", "--attempt", "1").stdout == quick("logs", "last", "--attempt", "2").stdout != ""
    assert "has no attempt 3" in quick("logs", "last", "--attempt", "3").stderr


def test_logs_f_prints_what_comes_and_ends_with_the_job(command_line, until) -> None:
    """Follow a training and get the prompt back when it is over."""
    script = "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; exit 0"
    command_line.write("a.yaml", f"command: [sh, -c, '{script}']\nbase: {{}}\n")
    runner = command_line.start("run", "a.yaml")
    until(lambda: "one" in command_line("logs").stdout)
    follower = command_line.start("logs", "-f")
    assert follower.stdout.readline() == "one\n"
    (command_line.directory / "go").touch()
    stdout, stderr = follower.communicate(timeout=100)
    assert (stdout, follower.returncode) == ("two\n", 0), stderr
    runner.communicate(timeout=100)


def test_show_tells_everything_and_its_command_can_be_pasted(quick) -> None:
    """The command line of a job, ready for a shell."""
    quick("run", "quick.yaml", "x=1")
    (job,) = json.loads(quick("show", "last", "--format", "json").stdout)
    assert [attempt["exit_status"] for attempt in job["attempts"]] == [0]
    states = [event["state"] for event in job["events"]]
    assert (states[:2], states[-1]) == (["queued", "starting"], "done")
    (line,) = [line for line in quick("show").stdout.splitlines() if line.startswith("command")]
    pasted = subprocess.run(["/bin/sh", "-c", line.removeprefix("command").strip()], capture_output=True, text=True)
    assert pasted.stdout == "one\n\x1b[31mtwo\n"
    assert shlex.split(line)[1:] == job["argv"]


def test_cancel_takes_from_the_queue_and_stops_what_runs(sleeping) -> None:
    """The runner hears of it, records it and leaves with status 1."""
    command_line, runner = sleeping
    result = command_line("cancel", "queued", "running")
    assert result.returncode == 0, result.stderr
    stdout, _ = runner.communicate(timeout=100)
    assert runner.returncode == 1
    assert [row["state"] for row in command_line.jobs()] == ["cancelled", "cancelled"]
    assert stdout.count("cancelled") == 2


def test_cancel_works_without_the_runner(sleeping) -> None:
    """The launcher stops its job, whoever asks."""
    command_line, runner = sleeping
    runner.kill()
    runner.wait()
    assert command_line("cancel", "running").returncode == 0
    assert [row["state"] for row in command_line.jobs()] == ["cancelled", "queued"]


def test_cancelled_jobs_run_again_when_the_file_does(sleeping, until) -> None:
    """A cancel is not a verdict for ever."""
    command_line, runner = sleeping
    command_line("cancel", "queued", "running")
    runner.wait(100)
    again = command_line.start("run", "sleep.yaml", "-j2")
    until(lambda: [row["state"] for row in command_line.jobs()] == ["running", "running"])
    command_line("cancel", "running")
    assert "2 tried again" in again.communicate(timeout=100)[1]


def test_retry_runs_what_failed_and_refuses_what_succeeded(quick) -> None:
    """A finished experiment is not repeated by a slip."""
    (quick.directory / "mark").touch()
    quick.write("a.yaml", "command: [test, '!', -e, mark]\nbase: {}\n")
    assert quick("run", "a.yaml").returncode == 1
    (quick.directory / "mark").unlink()
    assert quick("retry", "failed").returncode == 0
    refused = quick("retry", "last")
    assert refused.returncode == 2
    assert "has succeeded" in refused.stderr
    assert quick("retry", "failed").stderr.strip() == "no failed jobs: nothing to run again"
    assert quick("retry", "failed", "--format", "json").stdout == "[]\n", "a program reads a list, also of nothing"


def test_a_flood_of_output_is_kept_within_its_cap(command_line) -> None:
    """A job that prints gigabytes overnight must not fill the disk; `logs` says what was left out."""
    command_line.environment["EXP_QUEUE_LOG_CAP"] = "1"
    code = "import sys; print('first'); [sys.stdout.write('flood ' * 100000) for _ in range(10)]; print('last')"
    command_line.write("flood.yaml", f'command: [python, -c, "{code}"]\nbase: {{}}\n')
    assert command_line("run", "flood.yaml").returncode == 0
    (job,) = command_line.jobs()
    if Path(job["log"]).stat().st_blocks * 512 > 4 << 20:
        pytest.skip("this file system cannot punch holes")
    shown = command_line("logs").stdout
    assert shown.startswith("first\n")
    assert shown.endswith("last\n")
    assert "bytes were left out here" in shown
    assert len(shown) < 2 << 20


@pytest.mark.parametrize("options", [[], ["-f"]])
def test_a_log_that_was_removed_is_named(quick, options: list[str]) -> None:
    """The guide says that old attempts can be deleted: their logs are missed in a sentence, followed or not."""
    quick("run", "quick.yaml")
    shutil.rmtree(quick.home / "attempts")
    result = quick("logs", *options)
    assert result.returncode == 2
    assert "there is no log at" in result.stderr
    assert "Traceback" not in result.stderr


def test_show_says_why_each_attempt_failed(command_line) -> None:
    """The reason of the first attempt is often the one that explains the second."""
    command_line.write("a.yaml", "command: [./train]\nbase: {}\n")
    command_line("run", "a.yaml")
    command_line.write("train", "exit 4")
    command_line("run", "a.yaml")
    (command_line.directory / "train").chmod(0o700)
    command_line("run", "a.yaml")
    first, second, third = command_line("show").stdout.splitlines()[-3:]
    assert "cannot start: program './train': No such file" in first
    assert "Permission denied" in second
    assert third.count("exit status 4") <= 1


@pytest.mark.parametrize("command", ["run", "submit"])
def test_a_working_directory_that_is_gone_is_said_in_a_sentence(command_line, tmp_path, command: str) -> None:
    """`git checkout` in another window takes directories away under a shell."""
    command_line.write("a.yaml", "command: ['true']\nbase: {}\n")
    line = shlex.join([sys.executable, "-m", "scheduler.cli.main", command, str(command_line.directory / "a.yaml")])
    script = f"mkdir gone && cd gone && rmdir ../gone && {line}"
    result = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env=command_line.environment, capture_output=True, text=True, timeout=100
    )
    assert result.returncode == 2
    assert "the working directory was removed" in result.stderr
    assert "Traceback" not in result.stderr
