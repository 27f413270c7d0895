"""An attempt whose launcher was killed: real processes that hold the lock of a real directory, and a clock of the test's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.experiments import Policy
from scheduler.linux import processes
from scheduler.linux.holders import holders
from scheduler.linux.locks import is_locked
from scheduler.queue.job import Attempt
from scheduler.runner.forsaken import Forsaken, note

# Takes the lock as a launcher does, and leaves a child that has inherited it and only sits there; the main process is killed
# when the test says so.
SCRIPT = """
import fcntl, os, signal, sys, time
lock = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(lock, fcntl.LOCK_EX)
child = os.fork()
if not child:
    if sys.argv[2] == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("up", flush=True)
    time.sleep(600)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""
LOOKS = [float(now) for now in range(0, 100, 5)]


class Trial:
    """A script and the child that it leaves behind."""

    def __init__(self, directory: Path, manner: str = "") -> None:
        directory.mkdir()
        command = [sys.executable, "-c", SCRIPT, str(directory), manner]
        self.script = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.script.stdout
        assert self.script.stdout.readline() == "up\n"
        found = processes.look_up(self.script.pid)
        self.attempt = Attempt("job", 1, "launcher", str(directory), 0.0, pid=self.script.pid, birth=found and found.birth)

    def die(self) -> None:
        assert self.script.stdin
        self.script.stdin.close()
        self.script.wait()

    def forsaken(self, **policy: object) -> Forsaken:
        return Forsaken(lambda: self.attempt, Policy(**policy))  # type: ignore[arg-type]

    @property
    def lives(self) -> bool:
        return is_locked(Path(self.attempt.directory))


@pytest.fixture
def trial(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Trial]:
    made = Trial(tmp_path / "attempt", getattr(request, "param", ""))
    yield made
    for process in holders(made.attempt.directory):
        os.kill(process.pid, 9)
    made.die()


def test_a_script_that_lives_is_never_touched(trial: Trial) -> None:
    """It may be at its work, whatever has become of its launcher; and that is said, once."""
    watched = trial.forsaken()
    assert [text for text in map(watched.look, LOOKS) if text] == [note(trial.attempt)]
    assert "its launcher was killed; it goes on, and nobody will know how it ends: " in note(trial.attempt)
    assert f"(pid {trial.script.pid})" in note(trial.attempt)
    assert len(holders(trial.attempt.directory)) == 2


@pytest.mark.parametrize("trial", ["", "deaf"], indirect=True)
def test_what_a_dead_script_has_left_is_named_and_ended_when_it_only_sits_there(trial: Trial, until) -> None:
    """It stood there as running, without a word, for ever: nobody was left to look at it."""
    trial.die()
    assert "its launcher was killed; the script has ended and left 1 process behind: " in note(trial.attempt)
    watched = trial.forsaken(grace=2.0)
    told = [text for text in map(watched.look, LOOKS[:8]) if text]
    assert told[0].startswith("its launcher was killed; the script has ended and left 1 process behind: ")
    assert told[1].startswith("1 process left behind sat idle for 30 s and is ended: ")
    until(lambda: watched.look(LOOKS[-1]) or not trial.lives)


def test_under_kill_it_is_ended_at_once(trial: Trial, until) -> None:
    """As its launcher would have done."""
    trial.die()
    assert "1 process left behind is ended: " in trial.forsaken(leftovers="kill").look(0.0)
    until(lambda: not trial.lives)


def test_under_wait_it_is_never_ended(trial: Trial) -> None:
    """A server that waits to be asked does nothing in between."""
    trial.die()
    watched = trial.forsaken(leftovers="wait")
    (told,) = [text for text in map(watched.look, LOOKS) if text]
    assert told.endswith("the job goes on until it ends")
    assert trial.lives


def test_somebody_who_only_looks_into_the_directory_is_no_process_of_it(trial: Trial) -> None:
    """He must not be ended with it: he has it open, and holds no lock."""
    descriptor = os.open(trial.attempt.directory, os.O_RDONLY)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[descriptor])
    assert child.pid not in [each.pid for each in holders(trial.attempt.directory)]
    child.communicate(b"\n")
    os.close(descriptor)
