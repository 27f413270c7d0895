"""Somebody keeps `admit.lock`, a runner stopped with Ctrl-Z or any user: who needs it waits, names him, and goes on by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

KEEP = """
import fcntl, os, signal, sys
lock = open(sys.argv[1])
fcntl.flock(lock, fcntl.LOCK_SH if sys.argv[2] == "shared" else fcntl.LOCK_EX)
print("kept", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@contextlib.contextmanager
def kept(machine, how: str) -> Iterator[subprocess.Popen[str]]:
    """A stopped process that holds the mutex; it needed no more than to read the file."""
    path = machine.claims / "admit.lock"
    path.touch(mode=0o644)
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", KEEP, path, how], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "kept\n"
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(params=["alone", "shared"])
def keeper(machine, request) -> Iterator[subprocess.Popen[str]]:
    with kept(machine, request.param) as process:
        yield process


def line_with(text: str, process: subprocess.Popen[str]) -> str:
    assert process.stderr
    return next((line for line in iter(process.stderr.readline, "") if text in line), "")


def test_a_run_waits_for_who_keeps_the_mutex_and_goes_on_by_itself(machine, keeper: subprocess.Popen[str]) -> None:
    """It used to end with status 2 after five seconds, and left its running jobs alone."""
    runner = machine.start("run", "grid.yaml")
    line = line_with(" wait", runner)
    assert f"admit.lock is held by process {keeper.pid} (" in line
    assert "stopped), since " in line
    assert "kill -CONT" in line
    assert {job["state"] for job in machine.jobs()} == {"queued"}
    os.kill(keeper.pid, signal.SIGCONT)
    runner.communicate(timeout=100)
    assert runner.returncode == 0
    assert {job["state"] for job in machine.jobs()} == {"done"}


def test_exec_waits_for_who_keeps_the_mutex(machine, keeper: subprocess.Popen[str]) -> None:
    """As for any GPU that is not free yet."""
    waiting = machine.start("exec", "--", "true")
    assert f"admit.lock is held by process {keeper.pid} (" in line_with("waiting for a GPU", waiting)
    os.kill(keeper.pid, signal.SIGCONT)
    waiting.communicate(timeout=100)
    assert waiting.returncode == 0


@pytest.mark.parametrize("keeper", ["alone"], indirect=True)
def test_exec_waits_no_longer_than_it_was_told(machine, keeper: subprocess.Popen[str]) -> None:
    """The status of a wait that ran out, with the reason."""
    result = machine("exec", "--wait", "0.1", "--", "true")
    assert result.returncode == 124
    assert f"held by process {keeper.pid} (" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("keeper", ["alone"], indirect=True)
def test_doctor_names_who_keeps_the_mutex(machine, keeper: subprocess.Popen[str]) -> None:
    """The first command of whoever wonders why nothing starts."""
    assert f"admit.lock has been held for 1 s by process {keeper.pid} (" in machine("doctor").stdout


def test_ends_are_heard_while_somebody_keeps_the_mutex(machine, until) -> None:
    """A loop that stands still for the mutex would neither note what ended nor hear a Ctrl-C."""
    machine.write("wait", "")
    runner = machine.start("run", "grid.yaml")
    until(lambda: len(list(machine.directory.glob("device-*"))) == 2)
    with kept(machine, "alone") as keeper:
        (machine.directory / "wait").unlink()
        assert " done after " in line_with(" done", runner)
        assert " done after " in line_with(" done", runner)
        assert f"process {keeper.pid} (" in line_with(" wait", runner)
    runner.communicate(timeout=100)
    assert runner.returncode == 0


def test_a_claim_that_cannot_be_written_down_is_waited_for(machine, until) -> None:
    """No room, or a cleaner at work: a run that ended for that left its running jobs without a runner."""
    machine.write("wait", "")
    runner = machine.start("run", "grid.yaml")
    until(lambda: len(list(machine.directory.glob("device-*"))) == 2)
    away = machine.claims.rename(machine.claims.with_name("away"))
    (machine.directory / "wait").unlink()
    assert "admit.lock: No such file" in line_with(" wait", runner)
    away.rename(machine.claims)
    runner.communicate(timeout=100)
    assert runner.returncode == 0
