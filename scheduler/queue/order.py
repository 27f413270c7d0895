"""Which of the waiting jobs comes first, as a person has it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from scheduler.queue.changes import Changes
from scheduler.queue.moments import clock
from scheduler.queue.states import WAITING, in_sql

_WAITING = f"state IN {in_sql(WAITING)}"


def prefer(change: Changes, numbers: Iterable[int], priority: int) -> int:
    """Give those of these jobs that wait, queued or held, another priority; returns how many have got it."""
    return _give(change, numbers, "priority", priority, f"priority {priority}, by a person")


def before_all(change: Changes, numbers: Iterable[int]) -> int:
    """The lowest priority that is above those of all other jobs that wait; as ever where that is enough."""
    return max(0, 1 + _extreme(change, "max", numbers, -1))


def behind_all(change: Changes, numbers: Iterable[int]) -> int:
    """The highest priority that is below those of all other jobs that wait; as ever where that is enough."""
    return min(0, _extreme(change, "min", numbers, 1) - 1)


def postpone(change: Changes, numbers: Iterable[int], begin: float) -> None:
    """Those of these jobs that wait do not start before this time, in seconds since 1970; 0: as soon as they can."""
    _give(change, numbers, "begin_at", begin, f"not before {clock(begin)}" if begin else "as soon as it can")


def call(change: Changes, now: float) -> None:
    """Let the queued jobs start whose time has come at `now`. A clock that is set back later does not make them wait again."""
    change.connection.execute("UPDATE job SET begin_at = 0 WHERE state = 'queued' AND begin_at > 0 AND begin_at <= ?", (now,))


def _give(change: Changes, numbers: Iterable[int], column: str, value: float, detail: str) -> int:
    """Another value to those of these jobs that wait and have not got it; returns to how many."""
    which = f"{_WAITING} AND {column} <> ?2 AND number IN (SELECT value FROM json_each(?1))"
    asked = (json.dumps(list(numbers)), value)
    event = f"INSERT INTO event (job, at, state, detail) SELECT id, ?3, state, ?4 FROM job WHERE {which}"
    change.connection.execute(event, (*asked, time.time(), detail))
    return change.connection.execute(f"UPDATE job SET {column} = ?2 WHERE {which}", asked).rowcount


def _extreme(change: Changes, which: str, numbers: Iterable[int], default: int) -> int:
    others = f"{_WAITING} AND number NOT IN (SELECT value FROM json_each(?))"
    sql = f"SELECT {which}(priority) FROM job WHERE {others}"
    found = change.connection.execute(sql, (json.dumps(list(numbers)),)).fetchone()[0]
    return default if found is None else found
