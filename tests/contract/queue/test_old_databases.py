"""Queues that earlier releases have left: each opens, nothing of it is missing, and its jobs go on."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.queue.mine import Mine
from scheduler.queue.schema import MIGRATIONS
from scheduler.queue.selection import select_single
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.trials import latest_sweep, trials
from scheduler.runner.devices import Devices
from scheduler.runner.runner import Runner
from scheduler.runner.settling import settle
from tests.conftest import ROOT

OLD = sorted((ROOT / "tests/data/queue").glob("format_*.db"))


@pytest.fixture(params=OLD, ids=[path.stem for path in OLD])
def old(request: pytest.FixtureRequest, home: Home) -> Path:
    """A database of an earlier release, put into a home of this one."""
    shutil.copy(request.param, home.database)
    return home.database


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


def test_an_old_database_opens_with_all_that_is_in_it(old: Path, home: Home) -> None:
    """What people have queued and measured is theirs, whatever we change."""
    assert version(old) < len(MIGRATIONS)
    with Store(home) as store:
        jobs = store.jobs()
        states = ["done", "failed", "done", "done", "done", "cancelled", "held", "queued", "queued", "running"]
        assert [job.state.value for job in jobs] == states
        assert [len(store.attempts(job.id)) for job in jobs] == [1, 2, 1, 1, 1, 0, 0, 0, 0, 1]
        assert (jobs[0].group, jobs[0].config, jobs[1].policy.retries, jobs[8].policy.timeout) == ("Grid", {"x": 1}, 1, 90)
        assert store.gpu_uses(jobs)[jobs[0].experiment][0].peak == 5000
        assert store.events(jobs[1].id)[-1]["state"] == "failed"
        assert [select_single(store, job.name).id for job in jobs] == [job.id for job in jobs]
        assert {(job.tags, job.note) for job in jobs} == {((), "")}
        sweep = latest_sweep(store)
        assert sweep
        assert [len(trial.history) for trial in trials(store, sweep.id)] == [3, 3, 3]
    assert version(old) == len(MIGRATIONS)


def made(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """The indexes, and the columns of the tables, each with all that is said of it."""
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    columns = connection.execute(
        "SELECT sqlite_master.name, pragma_table_info.* FROM sqlite_master, pragma_table_info(sqlite_master.name) "
        "WHERE sqlite_master.type = 'table'"
    )
    return {tuple(map(str, row)) for rows in (indexes, columns) for row in rows}


def test_no_migration_takes_away_or_replaces_what_an_earlier_one_made() -> None:
    """A runner of the former version lives on while a newer command migrates; where an index that its SQL names has become
    another, SQLite finds `no query solution`, and it ends with its jobs half done."""
    connection, before = sqlite3.connect(":memory:"), set[tuple[str, ...]]()
    for number, script in enumerate(MIGRATIONS, 1):
        connection.executescript(script)
        now = made(connection)
        assert not before - now, f"migration {number}"
        before = now
    connection.close()


def test_the_jobs_of_an_old_database_go_on(old: Path, home: Home) -> None:
    """What was queued runs, in the environment of whoever runs it; what ran on a machine that is gone has an unknown outcome."""
    with Store(home) as store:
        settle(store)
        mine = Mine(store)
        Runner(mine, Devices(""), 2, lambda notice: None).run()
        assert [job.state for job in store.jobs()[7:]] == [State.DONE, State.DONE, State.LOST]
