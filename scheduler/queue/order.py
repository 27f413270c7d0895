"""Which of the waiting jobs comes first, as a person has it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable

from scheduler.queue.changes import Changes

_WAITING = "state IN ('queued', 'held')"


def prefer(change: Changes, numbers: Iterable[int], priority: int) -> int:
    """Give those of these jobs that wait, queued or held, another priority; returns how many have got it."""
    which = f"{_WAITING} AND priority <> ?2 AND number IN (SELECT value FROM json_each(?1))"
    asked = (json.dumps(list(numbers)), priority)
    change.connection.execute(
        f"INSERT INTO event (job, at, state, detail) SELECT id, ?3, state, ?4 FROM job WHERE {which}",
        (*asked, time.time(), f"priority {priority}, by a person"),
    )
    return change.connection.execute(f"UPDATE job SET priority = ?2 WHERE {which}", asked).rowcount


def before_all(change: Changes, numbers: Iterable[int]) -> int:
    """The lowest priority that is above those of all other jobs that wait; as ever where that is enough."""
    return max(0, 1 + _extreme(change, "max", numbers, -1))


def behind_all(change: Changes, numbers: Iterable[int]) -> int:
    """The highest priority that is below those of all other jobs that wait; as ever where that is enough."""
    return min(0, _extreme(change, "min", numbers, 1) - 1)


def _extreme(change: Changes, which: str, numbers: Iterable[int], default: int) -> int:
    others = f"{_WAITING} AND number NOT IN (SELECT value FROM json_each(?))"
    sql = f"SELECT {which}(priority) FROM job WHERE {others}"
    found = change.connection.execute(sql, (json.dumps(list(numbers)),)).fetchone()[0]
    return default if found is None else found
