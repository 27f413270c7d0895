"""Jobs that come after others: what they need, whether it is there, and what becomes of them where it will never be.

A prerequisite is a set of jobs with what must become of them. All jobs of a submit share one; a trigger of the store counts how
its jobs stand, and whoever changes the queue judges what has changed before the change is durable.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable
from enum import Enum

from scheduler.errors import UserError
from scheduler.queue.changes import Changes
from scheduler.queue.states import ENDED, SUCCEEDED, State, in_sql
from scheduler.values import dataclass

_ENDED_BADLY, _OPEN = in_sql(ENDED - SUCCEEDED), in_sql(frozenset(State) - ENDED)
_DEPENDENTS = "prerequisite = ?1 AND state IN ('queued', 'held')"  # as the index job_dependent has it
# The prerequisites of prerequisites, as far as these are not fulfilled already.
_NEEDED = f"""WITH RECURSIVE needed (prerequisite) AS ({{first}} UNION
    SELECT job.prerequisite FROM needed JOIN awaited ON awaited.prerequisite = needed.prerequisite
    JOIN job ON job.number = awaited.job WHERE job.prerequisite IS NOT NULL AND job.state NOT IN {in_sql(SUCCEEDED)})
    SELECT DISTINCT job.number, job.id FROM needed JOIN awaited ON awaited.prerequisite = needed.prerequisite
    JOIN job ON job.number = awaited.job"""


class Standing(Enum):
    """What a prerequisite means for the jobs that have it."""

    WAIT = "wait"
    READY = "ready"
    NEVER = "never"


@dataclass(frozen=True)
class Needs:
    """What must become of the jobs that others come after. `one`: one of them is enough, else all; `anyhow`: they must be over,
    however they end, else succeed."""

    one: bool = False
    anyhow: bool = False


def standing(needs: Needs, total: int, unfinished: int, failed: int) -> Standing:
    """Whether jobs may start that come after `total` jobs, of which so many are not over and so many have not succeeded."""
    over = total - unfinished
    good = over if needs.anyhow else over - failed
    if good >= (min(1, total) if needs.one else total):
        return Standing.READY
    hopeless = unfinished == 0 if needs.one else good < over
    return Standing.NEVER if hopeless else Standing.WAIT


def require(change: Changes, jobs: Iterable[int], needs: Needs) -> int:
    """The number of the prerequisite that these jobs are, by their numbers; the same for the same."""
    numbers = sorted(set(jobs))
    content = hashlib.sha256(json.dumps([numbers, needs.one, needs.anyhow]).encode()).hexdigest()
    listed, run = json.dumps(numbers), change.connection.execute
    if found := run("SELECT number FROM prerequisite WHERE content = ?", (content,)).fetchone():
        return found[0]
    sql = f"""INSERT INTO prerequisite (content, one, anyhow, total, open, failed, changed)
              SELECT ?, ?, ?, count(*), total(state IN {_OPEN}), total(state IN {_ENDED_BADLY}), 1
              FROM job WHERE number IN (SELECT value FROM json_each(?)) RETURNING number"""
    number = run(sql, (content, needs.one, needs.anyhow, listed)).fetchone()[0]
    run("INSERT INTO awaited SELECT value, ? FROM json_each(?)", (number, listed))
    return number


def attach(change: Changes, jobs: Iterable[int], prerequisite: int | None) -> None:
    """Those of these jobs that wait, by their numbers, come after this prerequisite instead of what they came after (None: after
    nothing). UserError where one would come after itself."""
    listed = json.dumps(list(jobs))
    run = change.connection.execute
    sql = _NEEDED.format(first="VALUES (?1)") + " WHERE job.number IN (SELECT value FROM json_each(?2)) LIMIT 1"
    if circle := run(sql, (prerequisite, listed)).fetchone():
        raise UserError(f"job {circle[1][:8]} would come after itself", next_step="name other jobs for it to come after")
    which = "number IN (SELECT value FROM json_each(?2)) AND state IN ('queued', 'held') AND prerequisite IS NOT ?1"
    run(f"UPDATE job SET prerequisite = ?1, blocked = 0 WHERE {which}", (prerequisite, listed))
    run("UPDATE prerequisite SET changed = 1 WHERE number = ?", (prerequisite,))


def resolve(change: Changes) -> None:
    """Judge every prerequisite that has changed: let the jobs go on that it holds back no longer, hold those back that must wait
    (again), and skip those for which it will never be there, and what comes after them."""
    sql = "SELECT * FROM prerequisite INDEXED BY prerequisite_changed WHERE changed = 1"
    while rows := change.connection.execute(sql).fetchall():
        for row in rows:
            change.connection.execute("UPDATE prerequisite SET changed = 0 WHERE number = ?", (row["number"],))
            _judge(change.connection, row)


def _judge(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    what = standing_of(row)
    if what is Standing.NEVER:
        _skip(connection, row["number"])
        return
    blocked = what is Standing.WAIT
    # By the index those alone are found for which it is new.
    sql = f"UPDATE job INDEXED BY job_dependent SET blocked = ?2 WHERE {_DEPENDENTS} AND blocked = 1 - ?2"
    connection.execute(sql, (row["number"], blocked))


def standing_of(row: sqlite3.Row) -> Standing:
    """What the prerequisite of this row means now."""
    return standing(Needs(bool(row["one"]), bool(row["anyhow"])), row["total"], row["open"], row["failed"])


def _skip(connection: sqlite3.Connection, prerequisite: int) -> None:
    sql = f"""SELECT job.id, job.state FROM awaited JOIN job ON job.number = awaited.job
              WHERE awaited.prerequisite = ? AND job.state IN {_ENDED_BADLY} ORDER BY awaited.job LIMIT 1"""
    job, state = connection.execute(sql, (prerequisite,)).fetchone()
    # By the index, which what is skipped leaves.
    sql = f"SELECT id, number FROM job INDEXED BY job_dependent WHERE {_DEPENDENTS}"
    skipped = connection.execute(sql, (prerequisite,)).fetchall()
    what = (time.time(), f"it comes after {job[:8]}, {ENDS[State(state)]}")
    connection.executemany("UPDATE job SET state = 'skipped', blocked = 0 WHERE number = ?", ((each[1],) for each in skipped))
    connection.executemany(
        "INSERT INTO event (job, at, state, detail) VALUES (?, ?, 'skipped', ?)", ((each[0], *what) for each in skipped)
    )


ENDS = {
    State.FAILED: "which failed",
    State.TIMEOUT: "which timed out",
    State.CANCELLED: "which was cancelled",
    State.LOST: "whose outcome is unknown",
    State.SKIPPED: "which was skipped",
}


def skipped_in_vain(change: Changes) -> list[str]:
    """The ids of jobs that were skipped, and whose prerequisite is there now or may be."""
    sql = """SELECT job.id, prerequisite.* FROM job JOIN prerequisite ON prerequisite.number = job.prerequisite
             WHERE job.state = 'skipped'"""
    return [row["id"] for row in change.connection.execute(sql) if standing_of(row) is not Standing.NEVER]


def needed_by(connection: sqlite3.Connection, jobs: Iterable[int]) -> list[int]:
    """The jobs, by their numbers, that are not over and that these jobs come after, and what those come after; not these
    themselves. (A circle is never made.)"""
    first = "SELECT DISTINCT prerequisite FROM job WHERE prerequisite IS NOT NULL AND number IN (SELECT value FROM json_each(?1))"
    where = f" WHERE job.state IN {_OPEN} AND job.number NOT IN (SELECT value FROM json_each(?1)) ORDER BY 1"
    rows = connection.execute(_NEEDED.format(first=first) + where, (json.dumps(list(jobs)),))
    return [row[0] for row in rows]
