"""What can be seen of an attempt whose runner is gone: its launcher's journal and the locks, real ones."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import journal_path
from scheduler.linux.processes import boot_id
from scheduler.queue.evidence import Evidence, look
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.states import State
from scheduler.runner.recovery import duration, ending_of

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
