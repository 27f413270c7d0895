"""What is written aside, in a thread beside the one that goes on."""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.experiments import Experiment, Policy
from scheduler.home import Home, open_home
from scheduler.queue.changes import ASIDE
from scheduler.queue.database import Database, Unwritable
from scheduler.queue.store import Store
from scheduler.queue.submit import CHUNK, submit
from scheduler.queue.writer import Writer
from scheduler.shortage import Shortage, Startable

USUAL = Policy()
SHARED = ("./train",)  # says itself which program it is


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(tmp_path / "some.db", isolation_level=None, check_same_thread=False)
    made.execute("CREATE TABLE number (value INTEGER PRIMARY KEY)")
    yield made
    made.close()


def inserting(value: int, run: threading.Event | None = None) -> Callable[[sqlite3.Connection], None]:
    """What writes a number, once `run` is set."""

    def act(connection: sqlite3.Connection) -> None:
        if run:
            assert run.wait(60)
        connection.execute("INSERT INTO number VALUES (?)", (value,))

    return act


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT value FROM number ORDER BY rowid")]


def names_of_threads() -> set[str]:
    return {each.name for each in threading.enumerate()}


def experiments(*values: int, policy: Policy = USUAL) -> list[Experiment]:
    return [Experiment(("true",), f'{{"a": {each}}}', policy=policy, launch=("true", str(each))) for each in values]


def test_whoever_wants_the_connection_waits_for_what_is_written_aside(connection: sqlite3.Connection) -> None:
    """Else a look into the queue would miss jobs of the same submit, or two threads would be in SQLite at once."""
    writer, run = Writer(connection), threading.Event()
    writer.aside(inserting(1, run))
    assert "writer" in names_of_threads()
    threading.Timer(0.05, run.set).start()
    assert numbers(writer.connection) == [1]
    for value in range(2, 50):
        writer.aside(inserting(value))
    assert numbers(writer.rest()) == list(range(1, 50))
    assert "writer" not in names_of_threads()


def test_what_went_wrong_aside_is_raised_until_the_change_is_given_up(connection: sqlite3.Connection) -> None:
    """A change that went on without some of its jobs, and was committed, would have lost them silently."""
    writer = Writer(connection)
    writer.aside(inserting(1))
    writer.aside(inserting(1))
    for _ in range(2):
        with pytest.raises(sqlite3.IntegrityError):
            _ = writer.connection
    with pytest.raises(sqlite3.IntegrityError):
        writer.aside(inserting(2))
    assert numbers(writer.rest()) == [1]
    assert numbers(writer.connection) == [1]


def test_without_room_for_a_thread_all_is_written_all_the_same(connection: sqlite3.Connection) -> None:
    """On a machine that is full a submit is slow, and no error."""

    def no_room(thread: Startable) -> None:
        raise Shortage("no more processes can be started")

    writer = Writer(connection, no_room)
    writer.aside(inserting(1))
    assert numbers(connection) == [1]


def test_a_connection_stays_that_of_its_thread(connection: sqlite3.Connection) -> None:
    """SQLite's module would have seen to it; two threads in one transaction would each commit what the other has half written."""
    writer, found = Writer(connection), list[BaseException]()

    def use() -> None:
        try:
            _ = writer.connection
        except AssertionError as error:
            found.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_python_shares_its_time_as_ever_when_nothing_is_written_aside_any_more(connection: sqlite3.Connection) -> None:
    """To change hands 5,000 times a second would cost every thread of a program that submits through the API."""
    before, writer = sys.getswitchinterval(), Writer(connection)
    sys.setswitchinterval(0.125)
    try:
        writer.aside(inserting(1))
        writer.rest()
        assert sys.getswitchinterval() == 0.125
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_a_submit_that_is_given_up_while_it_writes_leaves_nothing(store: Store, error: type[BaseException]) -> None:
    """All of a file is queued, or nothing, also where the last thousand jobs are still on their way to the file."""

    def some() -> Iterator[Experiment]:
        yield from experiments(*range(3 * CHUNK))
        if error is KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
        raise KeyError

    with pytest.raises(error):
        submit(store, some(), "/")
    assert (store.counts(), store.last_event()) == ({}, 0)
    assert "writer" not in names_of_threads()
    assert len(submit(store, experiments(*range(2 * CHUNK)), "/").jobs) == 2 * CHUNK
    assert store.read("PRAGMA integrity_check")[0][0] == "ok"


def test_a_disk_that_is_full_aside_is_an_error_as_ever(home: Home) -> None:
    """With what to do about it, and an empty queue."""
    Database(home).close()
    with Store(home) as store:
        pages = store.read("PRAGMA page_count")[0][0]
        store.connection.execute(f"PRAGMA max_page_count = {pages + 400}")
        with pytest.raises(Unwritable, match="full"):
            submit(store, experiments(*range(5 * CHUNK)), "/")
        assert store.counts() == {}


def rows_of(store: Store, table: str) -> list[dict[str, object]]:
    """All that does not tell the time."""
    rows = map(dict, store.read(f"SELECT * FROM {table}"))  # noqa: S608
    return [{name: value for name, value in row.items() if name not in ("submitted", "at")} for row in rows]


def test_the_jobs_of_a_long_submit_are_those_of_short_ones(home: Home, tmp_path: Path) -> None:
    """What is written a thousand at a time, with what they share said once, is what was written one by one."""
    kinds = [Policy(), Policy(priority=3), Policy(retries=1, environment=("A",))]
    given = [each for kind in range(3) for each in experiments(*range(kind * CHUNK, (kind + 1) * CHUNK), policy=kinds[kind])]
    mixed = [each for number in range(1, 7) for each in experiments(-number, policy=kinds[number // 2 % 3])]
    mixed += [replace(each, launch=("sh", "-c", "true")) for each in experiments(-7, -8, policy=kinds[0])]
    mixed += [replace(each, policy=kind, launch=SHARED) for kind, each in zip(kinds, experiments(-9, -10, -11), strict=True)]
    mixed += experiments(-12, -13)
    with Store(home) as one, Store(open_home(tmp_path / "other")) as other:
        submit(one, [*given, *mixed], "/", file="f.yaml")
        for start in range(0, len(given), ASIDE // 5):
            submit(other, given[start : start + ASIDE // 5], "/", file="f.yaml")
        for each in mixed:
            submit(other, [each], "/", file="f.yaml")
        for table in ("job", "event", "surroundings", "code"):
            assert rows_of(one, table) == rows_of(other, table)
        assert [(job.argv, job.policy) for job in one.jobs()] == [(each.argv, each.policy) for each in (*given, *mixed)]


def test_the_same_long_file_again_changes_nothing(store: Store) -> None:
    """To write 100,000 rows as they are took as long as to write them at first."""
    given = experiments(*range(2 * CHUNK))
    submit(store, given, "/", file="f.yaml")
    before = store.connection.total_changes
    submit(store, given, "/", file="f.yaml")
    assert store.connection.total_changes - before == 1  # which directory has asked last
