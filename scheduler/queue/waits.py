"""What queued jobs wait for that is neither a slot nor a GPU: a time, or other jobs. As clauses for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from scheduler.queue.states import ENDED, State, in_sql
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.queue.job import Job
    from scheduler.queue.store import Store

_OPEN = in_sql(frozenset(State) - ENDED)


@dataclass(frozen=True)
class Lack:
    """What somebody waits for. `reason` follows "waits: "; `first` is the job that stands in the way, if one does."""

    reason: str
    first: str = ""


def lacks(store: Store, jobs: Iterable[Job], now: float) -> dict[str, Lack]:
    """What those of `jobs` lack, by their ids, that are queued and blocked, or whose time has not come at `now`."""
    known: dict[int, Lack | None] = {}
    found: dict[str, Lack] = {}
    for job in jobs:
        if job.state is not State.QUEUED:
            continue
        if job.blocked and job.prerequisite is not None:
            if job.prerequisite not in known:
                known[job.prerequisite] = _after(store, job.prerequisite)
            if lack := known[job.prerequisite]:
                found[job.id] = lack
        elif job.begin_at > now:
            from scheduler.queue.moments import clock  # hardly any job has a time

            found[job.id] = Lack(f"not before {clock(job.begin_at)}")
    return found


def _after(store: Store, prerequisite: int) -> Lack | None:
    """None where the last of those jobs has ended since somebody was seen to wait for them."""
    (row,) = store.read("SELECT total, open, one FROM prerequisite WHERE number = ?", (prerequisite,))
    sql = f"""SELECT job.id, job.state FROM awaited JOIN job ON job.number = awaited.job WHERE awaited.prerequisite = ?
              AND job.state IN {_OPEN} ORDER BY job.state IN ('queued', 'held'), job.number LIMIT 1"""
    open_ones = store.read(sql, (prerequisite,))
    if not open_ones:
        return None
    job, state = open_ones[0]
    if row["total"] == 1:
        return Lack(f"after {job[:8]}, which is {state}", job)
    which = "one of " if row["one"] else ""
    return Lack(f"after {which}{row['total']:,} jobs, {row['open']:,} of them not over ({job[:8]} is {state})", job)


def why_skipped(store: Store, jobs: Sequence[Job]) -> dict[str, str]:
    """Why those of `jobs` were skipped that were, by their ids."""
    skipped = json.dumps([job.id for job in jobs if job.state is State.SKIPPED])
    sql = """SELECT job, detail, max(sequence) FROM event WHERE job IN (SELECT value FROM json_each(?)) AND state = 'skipped'
             GROUP BY job"""
    return {row["job"]: row["detail"] for row in store.read(sql, (skipped,))}
