"""From rows of the store to the values of a job's life."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from scheduler.errors import StateError
from scheduler.queue.asks import policy_from, resources_from, wishes_from
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import State


def job_from(row: sqlite3.Row) -> Job:
    """The job of a row. StateError, naming it, for one that was changed by something else than this program."""
    try:
        return _read(_fields(row))
    except (ValueError, TypeError, AttributeError) as error:
        raise StateError(
            f"job {row['id'][:8]} in the queue cannot be read ({error}); nothing was changed",
            next_step="restore queue.db from a backup, or mend the row with sqlite3",
        ) from error


def _fields(row: sqlite3.Row) -> dict[str, Any]:
    return dict(zip(row.keys(), row, strict=True))  # a row looks for each name among all of its own


def _read(fields: dict[str, Any]) -> Job:
    return Job(
        id=fields["id"],
        number=fields["number"],
        key=fields["key"],
        experiment=fields["experiment"],
        group=fields["group_name"],
        argv=tuple(json.loads(fields["argv"])),
        arguments=fields["arguments"],
        cwd=fields["cwd"],
        resources=resources_from(fields["resources"]),
        policy=policy_from(fields["policy"]),
        state=State(fields["state"]),
        submitted=fields["submitted"],
        attempts=fields["attempts"],
        failures=fields["failures"],
        environment=fields["environment"],
        surroundings=fields["surroundings"],
        code=fields["code"],
        file=fields["file"],
        priority=fields["priority"],
        begin_at=fields["begin_at"],
        prerequisite=fields["prerequisite"],
        blocked=bool(fields["blocked"]),
        renamed=fields["renamed"],
        tags=tuple(fields["tags"].split()),
        note=fields["note"],
        slurm=wishes_from(fields["slurm"]),
    )


def attempt_from(row: sqlite3.Row) -> Attempt:
    """An attempt from its row."""
    fields = _fields(row)
    state = fields["state"]
    return Attempt(
        job=fields["job"],
        number=fields["number"],
        launcher=fields["launcher"],
        directory=fields["directory"],
        started=fields["started"],
        pid=fields["pid"],
        birth=fields["birth"],
        boot=fields["boot"],
        gpus=fields["gpus"],
        ended=fields["ended"],
        duration=fields["duration"],
        ending=Ending(State(state), fields["exit_status"], fields["reason"] or "") if state else None,
        slot=fields["slot"],
        ports=fields["ports"],
        elsewhere=fields["elsewhere"],
        code=fields["code"],
        origin=fields["origin"],
    )
