"""Processes of ours that die, or stand still, at the worst moments: each named failpoint, and what the next command finds."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest

GRID = """
command: [sh, -c, 'echo $1 >> ledger; while [ -e wait ]; do sleep 0.01; done; exit 7', sh, "${args_no_hyphens}"]
grid: {x: [1, 2, 3]}
"""
KILLED = -signal.SIGKILL


@pytest.fixture
def grid(command_line):
    """Three jobs that note in a ledger that they ran and end with status 7, on the CPU."""
    command_line.environment["CUDA_VISIBLE_DEVICES"] = "-1"
    command_line.write("grid.yaml", GRID)
    return command_line


def ledger(grid) -> list[str]:
    path = grid.directory / "ledger"
    return path.read_text().split() if path.exists() else []


def run_with(grid, failpoint: str, *arguments: str):
    """`run` in which the process that reaches the point dies or stands still."""
    grid.environment["EXP_QUEUE_FAILPOINT"] = failpoint
    started = grid.start("run", "grid.yaml", *arguments)
    del grid.environment["EXP_QUEUE_FAILPOINT"]
    return started


def ends(grid) -> list[tuple]:
    return [(job["state"], job["exit_status"], job["attempt"]) for job in grid.jobs()]


@pytest.mark.parametrize("point", ["claim-taken", "begin-written", "begin-committed"])
def test_a_runner_killed_before_its_jobs_started_has_spent_no_attempt(grid, until, point: str) -> None:
    """Before the spawn, between claim and commit, between commit and send: the same command goes on as if nothing had been."""
    assert run_with(grid, f"{point}:kill", "-j2").wait(60) == KILLED
    until(lambda: {job["state"] for job in grid.jobs()} == {"queued"})
    assert ledger(grid) == []
    assert grid("run", "grid.yaml", "-j2").returncode == 1
    assert sorted(ledger(grid)) == ["x=1", "x=2", "x=3"]
    assert ends(grid) == [("failed", 7, 1)] * 3


def test_a_runner_killed_before_it_had_written_an_end_has_it_written_once_and_truly(grid) -> None:
    """Between exit record and commit: the journal tells the next one who looks."""
    assert run_with(grid, "end-heard:kill", "-j1").wait(60) == KILLED
    assert ends(grid)[0] == ("failed", 7, 1)
    again = grid("run", "grid.yaml", "-j1")
    assert again.returncode == 1
    # A failed job is tried again by `run`: that is its declared way. Its first attempt was written down once.
    assert sorted(ledger(grid)) == ["x=1", "x=1", "x=2", "x=3"]
    assert ends(grid) == [("failed", 7, 2), ("failed", 7, 1), ("failed", 7, 1)]


def test_a_launcher_killed_before_it_noted_the_start_costs_nothing(grid, until) -> None:
    """No `S` in its journal proves that the command did not run: queued again, the attempt is not spent."""
    runner = run_with(grid, "order-received:kill", "-j1")
    _, stderr = runner.communicate(timeout=60)
    assert "launchers in a row" in stderr
    assert ledger(grid) == []
    # What was sent to the last launcher before the runner gave up may be on its way for another moment.
    until(lambda: {(state, attempt) for state, _, attempt in ends(grid)} <= {("queued", 0), ("queued", None)})
    grid("run", "grid.yaml", "-j1")
    assert ledger(grid) == ["x=1", "x=2", "x=3"]


def test_a_launcher_killed_between_its_note_and_the_start_leaves_a_lost_job(grid) -> None:
    """The note says that it may have run. Nobody knows, so nothing is repeated until a person says so."""
    run_with(grid, "start-noted:kill", "-j1", "x=1").communicate(timeout=60)
    assert ends(grid)[0] == ("lost", None, 1)
    assert ledger(grid) == []
    assert "--lost" in grid("run", "grid.yaml", "x=1").stderr
    assert ledger(grid) == []
    grid("run", "grid.yaml", "x=1", "--lost")
    assert ledger(grid) == ["x=1"]


def test_a_launcher_killed_after_it_noted_the_end_has_told_it_all_the_same(grid) -> None:
    """Between `X` and the report: the exit status is the job's own."""
    run_with(grid, "end-noted:kill", "-j1", "x=1").communicate(timeout=60)
    assert ends(grid)[0] == ("failed", 7, 1)
    assert ledger(grid) == ["x=1"]


def test_a_runner_that_stands_still_between_commit_and_send_is_not_taken_for_dead(grid, until) -> None:
    """A suspended laptop: a second `run` of the file waits for the job instead of starting it too."""
    first = run_with(grid, "begin-committed:stop", "-j1", "x=1")
    until(lambda: stopped(first.pid))
    second = grid.start("run", "grid.yaml", "x=1")
    assert until(lambda: "already running" in second.stderr.readline())
    assert ledger(grid) == []
    first.send_signal(signal.SIGCONT)
    assert [each.wait(60) for each in (first, second)] == [1, 1]
    assert ledger(grid) == ["x=1"]
    assert ends(grid) == [("failed", 7, 1)]


def test_a_command_waits_while_another_process_holds_the_store(grid, until) -> None:
    """Longer than any time-out of SQLite would be patient: it queues on the lock and then does its work."""
    first = run_with(grid, "begin-written:stop", "-j1", "x=1")
    until(lambda: stopped(first.pid))
    second = grid.start("run", "grid.yaml", "x=2")
    until(lambda: waits_for_a_lock(second.pid))
    first.send_signal(signal.SIGCONT)
    assert [each.wait(60) for each in (first, second)] == [1, 1]
    assert sorted(ledger(grid)) == ["x=1", "x=2"]


def test_of_another_boot_nothing_is_believed_but_a_written_end(grid) -> None:
    """After a power cut a missing line in a journal proves nothing: the job may have run."""
    assert run_with(grid, "begin-committed:kill", "-j1", "x=1").wait(60) == KILLED
    change(grid, "UPDATE attempt SET boot = 'another'")
    assert ends(grid)[0][:2] == ("lost", None)
    assert ledger(grid) == []


@pytest.mark.parametrize("day", [-86_400, 86_400])
def test_a_clock_that_moved_by_a_day_times_nothing_out(grid, until, day: int) -> None:
    """Durations come from the monotonic clock, also for a runner that takes the job over."""
    grid.write("wait", "")
    grid.write("grid.yaml", GRID + "policy: {timeout: 1h}\n")
    first = grid.start("run", "grid.yaml", "x=1")
    until(lambda: ledger(grid))
    first.kill()
    first.wait()
    change(grid, f"UPDATE attempt SET started = started + {day}")  # noqa: S608 - a number of ours
    second = grid.start("run", "grid.yaml", "x=1")
    until(lambda: "already running" in second.stderr.readline())
    (grid.directory / "wait").unlink()
    assert second.wait(60) == 1
    assert ends(grid) == [("failed", 7, 1)]


def change(grid, sql: str) -> None:
    connection = sqlite3.connect(grid.home / "queue.db", timeout=60)
    connection.execute(sql)
    connection.commit()
    connection.close()


def stopped(pid: int) -> bool:
    """Whether the kernel says that the process is stopped (proc(5), state T)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def waits_for_a_lock(pid: int) -> bool:
    """Whether the kernel lists the process as blocked on a file lock (proc(5), /proc/locks)."""
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return any("->" in line and str(pid) in line for line in lines)


def test_the_point_is_met_at_the_time_that_was_named(grid) -> None:
    """`@2` lets the first pass; a variable that is not understood does nothing."""
    assert run_with(grid, "begin-committed:kill@2", "-j1").wait(60) == KILLED
    assert len(ledger(grid)) >= 1
    assert run_with(grid, "begin-committed:explode", "-j1").wait(60) == 1


def test_who_keeps_the_queue_locked_is_named_and_waited_for(grid, until) -> None:
    """A runner that was stopped in the middle of a transaction: a command that only hangs gives nobody a clue."""
    first = run_with(grid, "begin-written:stop", "-j3")
    until(lambda: stopped(first.pid))
    grid.write("more.yaml", GRID.replace("[1, 2, 3]", "[4]"))
    waiting = grid.start("submit", "more.yaml")
    assert waiting.stderr
    line = waiting.stderr.readline()
    assert f"waiting for process {first.pid} (" in line
    assert "kill -CONT" in line
    first.send_signal(signal.SIGCONT)
    assert waiting.wait(60) == 0
    assert first.wait(60) == 1
    assert len(grid.jobs()) == 4
