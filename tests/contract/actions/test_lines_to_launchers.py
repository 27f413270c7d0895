"""The lines that commands have to launchers: whatever goes wrong, none stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.actions.cancel import cancel_all
from scheduler.actions.logs import following
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.launcher.client import open_slot
from scheduler.queue.job import Attempt
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from tests.descriptors import open_files


@pytest.fixture
def attempt(home: Home, store: Store, experiments, tmp_path: Path) -> Iterator[Attempt]:
    """One that a living launcher has, and has not begun."""
    (job,) = submit(store, experiments("command: ['true', '${args}']\ngrid: {x: [1]}\n"), str(tmp_path)).jobs
    launcher = open_slot(home)
    with store.change() as change:
        begun = change.begin(job, launcher.id, "")
    assert begun
    yield begun
    launcher.close()
    launcher.process.wait(90)


def lines_since(before: set[tuple[int, str]]) -> list[str]:
    return [path for _, path in open_files() - before if path.startswith("socket:")]


def test_a_cancel_that_fails_keeps_no_line(store: Store, attempt: Attempt) -> None:
    """A live page cancels for days in one process."""
    refuse = "SELECT RAISE(ABORT, 'planted')"
    event = "BEFORE UPDATE OF state ON main.job WHEN NEW.state = 'stopping'"
    store.connection.execute(f"CREATE TEMP TRIGGER refuse {event} BEGIN {refuse}; END")
    before = open_files()
    with pytest.raises(sqlite3.IntegrityError, match="planted") as failed:
        cancel_all(store, store.numbers("1"), lambda text: None)
    assert failed.tb, "who keeps the error keeps all that its frames hold"
    assert lines_since(before) == []


def test_who_would_follow_a_log_that_is_not_there_keeps_no_line(home: Home, attempt: Attempt) -> None:
    """The job has not begun to write."""
    before = open_files()
    with pytest.raises(UserError, match="there is no log") as failed:
        next(following(home, attempt))
    assert failed.tb, "as above"
    assert lines_since(before) == []
