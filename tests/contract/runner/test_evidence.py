"""What can be seen of an attempt whose runner is gone: its launcher's journal and the locks, real ones."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.places import journal_path
from scheduler.linux.processes import boot_id
from scheduler.queue.evidence import ASKED_WITHIN, Evidence, look
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.states import State
from scheduler.runner.recovery import StillThere, duration, ending_of, verdict

KILLED = {"state": "failed", "exit_status": -15, "reason": "killed by SIGTERM", "duration": 1.5}
STOPPED = {"state": "cancelled", "exit_status": -15, "reason": journal.BY_CLUSTER, "duration": 1.5}
END = {"state": "failed", "exit_status": 3, "reason": "exit status 3", "duration": 1.5}


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    directory = tmp_path / "attempt"
    directory.mkdir()
    return Attempt("job", 1, "launcher", str(directory), 0.0, boot=boot_id())


@contextmanager
def locked(path: str) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)


def seen(home: Home, attempt: Attempt) -> tuple[bool, bool, bool]:
    found = look(home, attempt)
    return found.launcher_lives, found.tree_lives, found.same_boot


def test_what_lives_is_seen_by_its_lock(home: Home, attempt: Attempt) -> None:
    """A launcher that lives will say how the job ends; a job that lives without one is waited for."""
    assert look(home, attempt) == Evidence(None, False, False, True)
    descriptor = journal.create(journal_path(home, "launcher"))
    journal.Journal(descriptor).started(attempt.name)
    assert look(home, attempt) == Evidence(journal.Record(frozenset({"job/1"})), True, False, True)
    with locked(attempt.directory):
        assert seen(home, attempt) == (True, True, True)
        os.close(descriptor)
        assert seen(home, attempt) == (False, True, True)
    assert seen(home, attempt) == (False, False, True)


def test_a_lock_says_nothing_of_an_attempt_of_another_boot(home: Home, attempt: Attempt) -> None:
    """Whoever holds it now is somebody else: nothing of the attempt survived, and its journal may have lost its last lines."""
    descriptor = journal.create(journal_path(home, "launcher"))
    with locked(attempt.directory):
        assert seen(home, replace(attempt, boot="another")) == (False, False, False)
    os.close(descriptor)


def test_the_end_and_its_duration_are_those_of_the_journal(home: Home, attempt: Attempt) -> None:
    """The launcher measured them; a runner that comes later cannot."""
    descriptor = journal.create(journal_path(home, "launcher"))
    written = journal.Journal(descriptor)
    written.started(attempt.name)
    assert duration(look(home, attempt), attempt) is None
    written.ended(attempt.name, END)
    found = look(home, attempt)
    assert duration(found, attempt) == 1.5
    assert found.record is not None
    assert ending_of(found.record.ended[attempt.name]) == Ending(State.FAILED, 3, "exit status 3")
    assert duration(Evidence(None, False, False, True), attempt) is None
    os.close(descriptor)


@pytest.mark.parametrize(
    ("end", "is_asked"), [(END, False), (KILLED, True), ({**KILLED, "exit_status": 137}, True), (STOPPED, True)]
)
def test_what_a_cluster_may_have_ended_is_left_to_who_asks_it(home: Home, end: dict[str, Any], is_asked: bool) -> None:
    """Every command writes down the ends that it finds: one that comes first would make a failed job of a preempted one. But
    where nobody has asked for long, nobody will, and who waits for the job must not wait for ever."""
    far = Attempt("job", 1, "slurm/batch/0", str(home.root / "attempts" / "job" / "1"), 0.0, boot=boot_id())
    path = journal_path(home, far.launcher)
    path.parent.mkdir(parents=True)
    path.write_text(f"S {far.name}\nX {far.name} {json.dumps(end)}\nE\n")
    assert isinstance(verdict(far.name, look(home, far)), StillThere) == is_asked
    long_ago = path.stat().st_mtime - ASKED_WITHIN - 60
    os.utime(path, (long_ago, long_ago))
    assert verdict(far.name, look(home, far)) == ending_of(end)
