"""One attempt's start and end, with a journal and a program that do as the test says; its life is tested with a real launcher."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scheduler.attempt_files import LOG
from scheduler.launcher.execution import ALIVE_AFTER, LOG_TICK, Execution
from scheduler.launcher.spawning import NotStarted, Order, Spawn
from scheduler.linux.standstill import Find
from tests.descriptors import open_files

NAME = "job/1"


class Notes:
    """A journal that keeps its lines in a list, and has no room for a start where it is given an error."""

    def __init__(self, error: int = 0, room_to_drop: bool = True) -> None:
        self.error, self.room_to_drop, self.lines = error, room_to_drop, []

    def started(self, attempt: str) -> None:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        self.lines.append(f"S {attempt}")

    def dropped(self, attempt: str) -> None:
        if not self.room_to_drop:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.lines.append(f"D {attempt}")

    def ended(self, attempt: str, end: dict[str, Any]) -> None:
        self.lines.append(f"X {attempt} {end['state']}")

    def noted(self, attempt: str, text: str) -> None:
        self.lines.append(f"N {attempt} {text}")

    def continued(self, attempt: str, after: float) -> None:
        self.lines.append(f"C {attempt} {after}")


class Program:
    """What is started: a pid that is ours and never ends, or nothing at all. It remembers what it was given."""

    def __init__(self, error: str = "") -> None:
        self.error, self.started = error, 0

    def __call__(self, order: Order, log: int, claim: list[int]) -> int:
        self.started += 1
        if self.error:
            raise NotStarted(self.error)
        os.write(log, b"written\n")
        return os.getpid()


@pytest.fixture
def claim(tmp_path: Path) -> list[int]:
    """A descriptor as a runner hands it over; the execution closes it."""
    return [os.open(tmp_path, os.O_RDONLY)]


def execution(
    tmp_path: Path, claim: list[int], notes: Notes, program: Spawn | None = None, find: Find | None = None, **more: Any
) -> Execution:
    order = Order(NAME, ["true"], str(tmp_path), str(tmp_path / "attempt"), **more)
    return Execution(order, claim, notes, program or Program(), **({"find": find} if find else {}))  # type: ignore[arg-type]


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("room_to_drop", [True, False])
def test_without_room_on_the_disk_the_attempt_is_given_back_unspent(
    tmp_path: Path, claim: list[int], error: int, room_to_drop: bool
) -> None:
    """The disk is not the job's fault: it waits for room, and its GPUs are free for others meanwhile."""
    notes, program, (descriptor,) = Notes(error, room_to_drop), Program(), claim
    started = execution(tmp_path, claim, notes, program)
    started.start()
    assert started.dropped == f"cannot write to {tmp_path}/attempt: {os.strerror(error)}"
    assert (started.end, started.gone, program.started) == (None, True, 0)
    assert notes.lines == (["D job/1"] if room_to_drop else [])
    assert not is_open(descriptor)
    assert not (tmp_path / "attempt" / LOG).exists()


@pytest.mark.parametrize("error", [errno.EIO, errno.EROFS, errno.EACCES])
def test_a_disk_that_fails_otherwise_is_the_attempts_end(tmp_path: Path, claim: list[int], error: int) -> None:
    """Waiting for room would wait for ever."""
    notes, program, (descriptor,) = Notes(error), Program(), claim
    started = execution(tmp_path, claim, notes, program)
    started.start()
    assert started.end is not None
    assert (started.end["state"], started.end["exit_status"]) == ("failed", None)
    assert started.end["reason"] == f"cannot write to {tmp_path}/attempt: {os.strerror(error)}"
    assert (started.dropped, started.gone, program.started) == (None, True, 0)
    assert notes.lines == ["X job/1 failed"]
    assert not is_open(descriptor)


def test_a_directory_that_holds_a_log_already_is_not_written_to_again(tmp_path: Path, claim: list[int]) -> None:
    """It is the log of another attempt, whatever went wrong to bring them together."""
    (tmp_path / "attempt").mkdir()
    (tmp_path / "attempt" / LOG).write_text("of another\n")
    notes, program = Notes(), Program()
    started = execution(tmp_path, claim, notes, program)
    started.start()
    assert notes.lines == ["S job/1", "D job/1"]
    assert (started.dropped, program.started) == ("", 0)
    assert (tmp_path / "attempt" / LOG).read_text() == "of another\n"


def test_a_program_that_cannot_be_started_is_an_end_that_says_why(tmp_path: Path, claim: list[int]) -> None:
    """The start is noted before, for a launcher that is killed in between; so its end must be noted as well."""
    notes, (descriptor,) = Notes(), claim
    started = execution(tmp_path, claim, notes, Program("no program train.py"))
    started.start()
    assert started.end is not None
    assert (started.end["state"], started.end["reason"], started.gone) == ("failed", "no program train.py", True)
    assert started.end["duration"] >= 0
    assert notes.lines == ["S job/1", "X job/1 failed"]
    assert not is_open(descriptor)


def test_the_directory_is_made_locked_and_private_before_the_program_starts(tmp_path: Path, claim: list[int]) -> None:
    """Its lock says that the tree lives; whoever reads it must not be somebody else."""
    (descriptor,) = claim
    started = execution(tmp_path, claim, Notes())
    started.start()
    directory = tmp_path / "attempt"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / LOG).stat().st_mode & 0o777 == 0o600
    assert (directory / LOG).read_text() == "written\n"
    other = os.open(directory, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.close(other)
    assert is_open(descriptor)
    assert (started.end, started.gone, started.dropped) == (None, False, None)
    assert len(claim) == 2, "the lock is a part of what the job holds"
    for each in claim:
        os.close(each)


@pytest.mark.parametrize("error", ["", "no program train.py"])
def test_a_start_leaves_nothing_open_but_what_the_job_holds(tmp_path: Path, claim: list[int], error: str) -> None:
    """A launcher that has started a thousand jobs has not one descriptor more than before the first."""
    before = open_files()
    execution(tmp_path, claim, Notes(), Program(error)).start()
    for each in [] if error else claim:
        os.close(each)
    now = open_files()
    assert now <= before
    assert str(tmp_path) not in dict(now).values(), "the claim is the job's"


def test_the_folder_of_a_jobs_attempts_is_made_with_the_first(tmp_path: Path, claim: list[int]) -> None:
    """Nothing is on the disk of a job that never runs; and what is there is nobody else's to list."""
    folder = tmp_path / "job"
    Execution(Order(NAME, ["true"], "/", str(folder / "1")), claim, Notes(), Program()).start()  # type: ignore[arg-type]
    assert (folder / "1" / LOG).read_text() == "written\n"
    assert folder.stat().st_mode & 0o777 == 0o700
    for each in claim:
        os.close(each)


def test_what_is_due_next_is_told_on_the_clock_that_never_jumps(tmp_path: Path, claim: list[int]) -> None:
    """The loop sleeps exactly so long: too long and a time-out comes late, too short and it spins."""
    started = execution(tmp_path, claim, Notes(), timeout=100.0)
    started.start()
    begun = started._clock.started
    assert started.deadline() == begun + ALIVE_AFTER
    while not (process := started.alive()):
        pass
    assert process["pid"] == os.getpid()
    assert started.alive() is None, "it is reported once"
    assert started.deadline() == begun + 100.0
    for each in claim:
        os.close(each)


def test_the_time_of_a_pause_counts_for_no_time_out(tmp_path: Path, claim: list[int]) -> None:
    """A job that was paused over night would be stopped in the morning, the moment it goes on."""
    program, notes = subprocess.Popen(["sleep", "600"]), Notes()
    try:
        started = execution(tmp_path, claim, notes, lambda *_: program.pid, list, timeout=100.0)
        started.start()
        while not started.alive():
            pass
        begun = started._clock.started
        assert started.pause(begun + 40.0) == ""
        assert started.deadline() == begun + 40.0, "the next thing is the pause"
        assert started.go_on(begun + 1040.0) == ""
        assert started.deadline() == pytest.approx(begun + 1100.0)
        assert "C job/1 1000.0" in notes.lines
    finally:
        program.kill()
        program.wait()
        for each in claim:
            os.close(each)


def test_a_look_at_the_log_is_due_each_second_and_not_before(tmp_path: Path, claim: list[int]) -> None:
    """A launcher that finds the same look due again turns without a rest, and takes a core from the jobs."""
    started = execution(tmp_path, claim, Notes(), log_cap=1000)
    started.start()
    while not started.alive():
        pass
    due = started._clock.started + LOG_TICK
    assert started.deadline() == due
    for now in (due, due + 1.5 * LOG_TICK):
        started.tick(now)
        assert started.deadline() == now + LOG_TICK
    for each in claim:
        os.close(each)


def test_without_a_limit_nothing_is_due(tmp_path: Path, claim: list[int]) -> None:
    """A launcher of a job that runs for days does not wake once."""
    started = execution(tmp_path, claim, Notes())
    started.start()
    while not started.alive():
        pass
    assert started.deadline() is None
    for each in claim:
        os.close(each)
