"""What the store remembers of sweeps and their trials. A trial's state is that of its job."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from scheduler.queue.changes import Changes
from scheduler.queue.states import ACTIVE, WAITING, State, in_sql
from scheduler.queue.store import Store
from scheduler.values import dataclass

Beside = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class SweepRecord:
    """One sweep. `key` says which sweeps may go on where an earlier one stopped; `config` is free text for its owner."""

    id: str
    key: str
    file: str
    seed: int
    config: str
    created: float


@dataclass(frozen=True)
class TrialRecord:
    """A trial of `sweep` with the state of its job. `attempt` is the one whose `history` was read to its end; None: none was.

    `verdict` is JSON that says why it was stopped early.
    """

    number: int
    job: str
    point: Mapping[str, Any]
    state: State
    attempts: int
    attempt: int | None = None
    history: tuple[float, ...] = ()
    summary: float | None = None
    verdict: str | None = None
    sweep: str = ""
    beside: Beside = ()  # of several metrics: the others, as they stood in each row of `history`

    @property
    def is_read(self) -> bool:
        """Whether `history` is all that its latest attempt left."""
        return self.attempt == self.attempts


def latest_sweep(store: Store, key: str | None = None) -> SweepRecord | None:
    """The newest sweep, or the newest with this key."""
    return _sweep(store.read("SELECT * FROM sweep WHERE ?1 IS NULL OR key = ?1 ORDER BY number DESC LIMIT 1", (key,)))


def newest_sweeps(store: Store) -> list[SweepRecord]:
    """All sweeps, the newest first."""
    return [_record(row) for row in store.read("SELECT * FROM sweep ORDER BY number DESC", ())]


def sweep_called(store: Store, sweep: str) -> SweepRecord:
    """The sweep with this id."""
    found = _sweep(store.read("SELECT * FROM sweep WHERE id = ?", (sweep,)))
    assert found
    return found


def sweep_of(store: Store, job: str) -> SweepRecord | None:
    """The sweep that a job is a trial of, if it is one."""
    return _sweep(store.read("SELECT sweep.* FROM trial JOIN sweep ON sweep.id = trial.sweep WHERE trial.job = ?", (job,)))


def unfinished(store: Store) -> list[SweepRecord]:
    """The sweeps of which a trial is queued or runs."""
    sql = f"""SELECT * FROM sweep WHERE id IN (SELECT trial.sweep FROM job JOIN trial ON trial.job = job.id
              WHERE job.state IN {in_sql(WAITING | ACTIVE)})"""  # noqa: S608 (words of ours)
    return [_record(row) for row in store.read(sql)]


def trials(store: Store, sweep: str, since: int = 0) -> list[TrialRecord]:
    """The trials of a sweep from number `since` on, in the order in which they were asked."""
    sql = """SELECT trial.*, job.state, job.attempts FROM trial JOIN job ON job.id = trial.job
             WHERE trial.sweep = ? AND trial.number >= ? ORDER BY trial.number"""
    return [_trial(row) for row in store.read(sql, (sweep, since))]


def trial(store: Store, job: str) -> TrialRecord:
    """The trial that this job is."""
    sql = "SELECT trial.*, job.state, job.attempts FROM trial JOIN job ON job.id = trial.job WHERE trial.job = ?"
    return _trial(store.read(sql, (job,))[0])


def evidence(store: Store, sweep: str) -> list[TrialRecord]:
    """The trials of other sweeps that this one learns from, of older sweeps first, each as it stands now."""
    sql = """SELECT trial.*, job.state, job.attempts FROM evidence JOIN trial ON trial.job = evidence.job
             JOIN job ON job.id = trial.job JOIN sweep ON sweep.id = trial.sweep
             WHERE evidence.sweep = ? ORDER BY sweep.number, trial.number"""
    return [_trial(row) for row in store.read(sql, (sweep,))]


def add_sweep(change: Changes, sweep: SweepRecord) -> None:
    change.connection.execute(
        "INSERT INTO sweep (id, key, file, seed, config, created) VALUES (?, ?, ?, ?, ?, ?)",
        (sweep.id, sweep.key, sweep.file, sweep.seed, sweep.config, sweep.created),
    )


def renew_sweep(change: Changes, sweep: str, config: str) -> None:
    """The sweep goes on with another configuration."""
    change.connection.execute("UPDATE sweep SET config = ? WHERE id = ?", (config, sweep))


def rename_sweep(change: Changes, sweep: str, key: str, config: str) -> None:
    """The sweep goes on as one that is found by another key."""
    change.connection.execute("UPDATE sweep SET key = ?, config = ? WHERE id = ?", (key, config, sweep))


def forget_histories(change: Changes, sweep: str) -> None:
    """What the trials of a sweep have left is to be read once more."""
    sql = "UPDATE trial SET attempt = NULL, history = '[]', beside = '[]', summary = NULL, verdict = NULL WHERE sweep = ?"
    change.connection.execute(sql, (sweep,))


def add_evidence(change: Changes, sweep: str, jobs: Iterable[str]) -> None:
    """The sweep learns from the trials that these jobs are, too."""
    rows = [(sweep, job) for job in jobs]
    change.connection.executemany("INSERT OR IGNORE INTO evidence (sweep, job) VALUES (?, ?)", rows)


def count_trials(change: Changes, sweep: str) -> int:
    return change.connection.execute("SELECT count(*) FROM trial WHERE sweep = ?", (sweep,)).fetchone()[0]


def add_trial(change: Changes, sweep: str, number: int, job: str, point: Mapping[str, Any]) -> None:
    sql = "INSERT INTO trial (sweep, number, job, point) VALUES (?, ?, ?, ?)"
    change.connection.execute(sql, (sweep, number, job, json.dumps(point)))


def note_verdict(change: Changes, job: str, verdict: str) -> None:
    """Why the trial of this job is being stopped."""
    change.connection.execute("UPDATE trial SET verdict = ? WHERE job = ?", (verdict, job))


def note_history(
    change: Changes, job: str, attempt: int, history: tuple[float, ...], summary: float | None, beside: Beside = ()
) -> None:
    """What an attempt left, read to its end."""
    sql = "UPDATE trial SET attempt = ?, history = ?, summary = ?, beside = ? WHERE job = ?"
    change.connection.execute(sql, (attempt, json.dumps(history), summary, json.dumps(beside), job))


def _sweep(rows: list[sqlite3.Row]) -> SweepRecord | None:
    return _record(rows[0]) if rows else None


def _record(row: sqlite3.Row) -> SweepRecord:
    return SweepRecord(**{name: row[name] for name in SweepRecord.__dataclass_fields__})


def _trial(row: sqlite3.Row) -> TrialRecord:
    return TrialRecord(
        row["number"],
        row["job"],
        json.loads(row["point"]),
        State(row["state"]),
        row["attempts"],
        row["attempt"],
        tuple(json.loads(row["history"])),
        row["summary"],
        row["verdict"],
        row["sweep"],
        tuple(map(tuple, json.loads(row["beside"]))),
    )
