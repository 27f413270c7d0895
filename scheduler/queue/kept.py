"""What attempts have logged, as it is kept when they are over: their logs may be deleted then.

The end of an attempt and the note that its logs are to be read are one transaction; what they say is written once, when
somebody has read them to their end. Attempts from before this table have no row.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scheduler.queue.changes import Changes
from scheduler.queue.job import Attempt
from scheduler.queue.rows import attempt_from
from scheduler.queue.store import Store
from scheduler.tracking.logged import Logged, restored
from scheduler.tracking.metric_log import Objective

FAST = 1  # of zlib: the curves of a thousand ends must not take a second


@dataclass(frozen=True)
class Kept:
    """What is kept of one attempt. `short`: as `Logged.without_curves` has it."""

    short: Mapping[str, Any]
    objective: Objective | None = None

    @property
    def logged(self) -> Logged:
        """Without curves."""
        return restored(self.short)


def keep(change: Changes, attempt: Attempt, found: Logged, objective: Objective | None) -> None:
    """Write down what an attempt that is over has logged. What somebody else has written down already stays."""
    change.connection.execute(
        """UPDATE logged SET source = ?, rows = ?, summary = ?, objective = ?, curves = ?
           WHERE job = ? AND attempt = ? AND source IS NULL""",
        (
            *(found.source, found.rows, json.dumps(found.without_curves())),
            json.dumps([objective.name, objective.goal]) if objective else None,
            zlib.compress(json.dumps(found.curves()).encode(), FAST) if found.series else None,
            *(attempt.job, attempt.number),
        ),
    )


def kept(store: Store, attempts: Iterable[Attempt]) -> dict[str, Kept | None]:
    """What is kept of these, by their names; None where it is yet to be read. Attempts of before are left out."""
    wanted = json.dumps([[each.job, each.number] for each in attempts if each.ending])
    sql = """SELECT logged.job, logged.attempt, logged.source, logged.summary, logged.objective FROM json_each(?) AS wanted
             JOIN logged ON logged.job = json_extract(wanted.value, '$[0]')
             AND logged.attempt = json_extract(wanted.value, '$[1]')"""
    rows = store.read(sql, (wanted,)) if wanted != "[]" else []
    return {f"{job}/{number}": _kept(source, summary, objective) for job, number, source, summary, objective in rows}


def with_curves(store: Store, attempt: Attempt) -> Logged | None:
    """All that is kept of one; None where nothing is, or it is yet to be read."""
    sql = "SELECT summary, curves FROM logged WHERE job = ? AND attempt = ? AND source IS NOT NULL"
    rows = store.read(sql, (attempt.job, attempt.number))
    if not rows:
        return None
    summary, curves = rows[0]
    return restored(json.loads(summary), json.loads(zlib.decompress(curves)) if curves else None)


def unread(store: Store) -> list[Attempt]:
    """The attempts that are over and whose logs nobody has read to their end."""
    sql = """SELECT attempt.* FROM logged INDEXED BY logged_unread
             JOIN attempt ON attempt.job = logged.job AND attempt.number = logged.attempt WHERE logged.source IS NULL"""
    return [attempt_from(row) for row in store.read(sql)]


def _kept(source: str | None, summary: str | None, objective: str | None) -> Kept | None:
    if source is None or summary is None:
        return None
    return Kept(json.loads(summary), Objective(*json.loads(objective)) if objective else None)
