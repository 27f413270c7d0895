"""What attempts that are over have used of the machine, as the store has it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple

from scheduler.queue.changes import Changes
from scheduler.queue.job import Attempt
from scheduler.queue.store import Store
from scheduler.tracking.system_use import SystemUse


def remember(change: Changes, attempt: Attempt, use: SystemUse | None) -> None:
    """Write it down at the attempt's end; None: nothing was measured."""
    if use is None:
        return
    row = (attempt.job, attempt.number, *astuple(use))
    change.connection.execute("INSERT OR REPLACE INTO system_use VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def remembered(store: Store, attempts: Iterable[Attempt]) -> dict[str, SystemUse]:
    """By the names of these attempts, where anything is known."""
    wanted = json.dumps([[attempt.job, attempt.number] for attempt in attempts])
    sql = """SELECT system_use.* FROM json_each(?) AS wanted JOIN system_use
             ON job = json_extract(wanted.value, '$[0]') AND attempt = json_extract(wanted.value, '$[1]')"""
    found = {}
    for row in store.read(sql, (wanted,)):
        told = dict(row)
        name = f"{told.pop('job')}/{told.pop('attempt')}"
        found[name] = SystemUse(**{**told, "shared": bool(told["shared"])})
    return found
