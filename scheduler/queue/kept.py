"""What attempts have logged, as it is kept when they are over: their logs may be deleted then.

The end of an attempt and the note that its logs are to be read are one transaction; what they say is written once, when
somebody has read them to their end. Attempts from before this table have no row.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from scheduler.queue.rows import attempt_from
from scheduler.tracking.logged import Logged, Series, restored
from scheduler.tracking.metric_log import Objective
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.queue.changes import Changes
    from scheduler.queue.job import Attempt
    from scheduler.queue.store import Store

NOTHING = ("", 0, json.dumps(Logged().without_curves()))  # of an attempt that has logged nothing; as in `Changes.end`
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


def curves_named(store: Store, attempts: Iterable[Attempt], metric: str) -> dict[str, Series]:
    """One curve of each of these attempts that has it, by their names: of the others that were kept with it no point is made,
    since of a thousand attempts that takes seconds."""
    wanted = json.dumps([[each.job, each.number] for each in attempts])
    sql = """SELECT logged.job, logged.attempt, logged.summary, logged.curves FROM json_each(?) AS wanted
             JOIN logged ON logged.job = json_extract(wanted.value, '$[0]')
             AND logged.attempt = json_extract(wanted.value, '$[1]') WHERE logged.curves IS NOT NULL"""
    found = {f"{job}/{number}": _series(metric, summary, curves) for job, number, summary, curves in store.read(sql, (wanted,))}
    return {name: series for name, series in found.items() if series}


def _series(metric: str, summary: str, curves: bytes) -> Series | None:
    points = _part(metric, zlib.decompress(curves).decode())
    if not points:
        return None
    short = json.loads(summary)
    known = {**short, "series": {metric: short["series"][metric]}}
    return restored(known, {metric: json.loads(points)}).series[metric]


def _part(metric: str, text: str) -> str:
    """What stands under a name in what `Logged.curves` has become, "" for nothing: a text there is a name, all else are numbers.

    >>> _part("loss", '{"val_loss": [[1, 2.5]], "a\\\\"loss": [[3]], "loss": [[4, null], [5, 6]]}')
    '[[4, null], [5, 6]]'
    """
    name = f"{json.dumps(metric)}: ["
    begin = -1
    while (begin := text.find(name, begin + 1)) >= 0:
        if text[begin - 1] in "{ ":
            begin += len(name) - 1
            end = text.find("]]", begin)
            return text[begin : end + 2] if end >= 0 and text[begin + 1] == "[" else ""
    return ""


def unread(store: Store) -> list[Attempt]:
    """The attempts that are over and whose logs nobody has read to their end."""
    sql = """SELECT attempt.* FROM logged INDEXED BY logged_unread
             JOIN attempt ON attempt.job = logged.job AND attempt.number = logged.attempt WHERE logged.source IS NULL"""
    return [attempt_from(row) for row in store.read(sql)]


def _kept(source: str | None, summary: str | None, objective: str | None) -> Kept | None:
    if source is None or summary is None:
        return None
    return Kept(json.loads(summary), Objective(*json.loads(objective)) if objective else None)
