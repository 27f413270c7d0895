"""Jobs that another queue has sent here, over a line that may break at any moment. The name of an order is the id of its job, so
what was sent twice is one job, and an order that was taken back before it came is one that never starts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from scheduler.gpus.packing import GpuUse, as_objects
from scheduler.queue.changes import Changes
from scheduler.queue.job import Attempt
from scheduler.queue.rows import attempt_from
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.surroundings import Surroundings
from scheduler.values import dataclass

WITHDRAWN = "taken back by the queue that has sent it"


@dataclass(frozen=True)
class Guest:
    """What a queue sends of a job. `arguments`, `resources`, `policy` and `environment` are JSON, as in a job's row."""

    experiment: str
    group: str | None
    argv: tuple[str, ...]
    arguments: str
    cwd: str
    resources: str
    policy: str
    environment: str
    surroundings: Surroundings


@dataclass(frozen=True)
class Standing:
    """Where an order stands. `attempt`: the last at it, if there was any."""

    state: State
    attempt: Attempt | None = None


def guest_from(fields: dict[str, Any]) -> Guest:
    """From what came over the line."""
    kept = fields["surroundings"]
    surroundings = Surroundings(tuple(kept["variables"].items()), kept["program"])
    return Guest(**{**fields, "argv": tuple(fields["argv"]), "surroundings": surroundings})


def take(change: Changes, order: str, guest: Guest, uses: Sequence[GpuUse] = ()) -> bool:
    """Queue it; False where this order has been here before, whatever has become of it. `uses`: what attempts at its experiment
    have used of GPUs, on whichever machine: it is kept, for another runner than the one that hears it may start the job."""
    if not _insert(change, order, guest, State.QUEUED, "sent by another queue"):
        return False
    if uses:
        told = (guest.experiment, json.dumps(as_objects(uses)))
        change.connection.execute("INSERT OR REPLACE INTO taught VALUES (?, ?)", told)
    return True


def refuse(change: Changes, order: str) -> bool:
    """See to it that an order which has not come never starts when it does; False where it has come."""
    return _insert(change, order, _NOTHING, State.CANCELLED, WITHDRAWN)


def withdraw(change: Changes, order: str) -> bool:
    """See to it that the order never starts, whether it has come or is still on its way; False where it has begun, or is over."""
    if refuse(change, order):
        return True
    if change.state(order) is not State.QUEUED:
        return False
    change.move(order, State.CANCELLED, WITHDRAWN)
    return True


def standings(store: Store, orders: Iterable[str]) -> dict[str, Standing]:
    """Those of these orders that are known here."""
    sql = """SELECT job.id, job.state AS job_state, attempt.* FROM job
             LEFT JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempts
             WHERE job.id IN (SELECT value FROM json_each(?))"""
    rows = store.read(sql, (json.dumps(list(orders)),))
    return {row["id"]: Standing(State(row["job_state"]), attempt_from(row) if row["number"] else None) for row in rows}


_NOTHING = Guest("", None, (), "{}", "/", "{}", "{}", "{}", Surroundings())


def _insert(change: Changes, order: str, guest: Guest, state: State, detail: str) -> bool:
    now = time.time()
    row = (
        *(order, order, guest.experiment, guest.group, json.dumps(guest.argv), guest.arguments, guest.resources, guest.policy),
        *(guest.environment, guest.cwd, state.value, now, change.remember(guest.surroundings)),
    )
    sql = """INSERT OR IGNORE INTO job (id, key, experiment, group_name, argv, arguments, resources, policy, environment, cwd,
             state, submitted, surroundings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
    if not change.connection.execute(sql, row).rowcount:
        return False
    event = "INSERT INTO event (job, at, state, detail) VALUES (?, ?, ?, ?)"
    change.connection.execute(event, (order, now, state.value, detail))
    return True
