"""From rows of the store to the values of a job's life."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from scheduler.errors import StateError
from scheduler.queue.asks import policy_from, resources_from
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import State


def job_from(row: sqlite3.Row) -> Job:
    """The job of a row. StateError, naming it, for one that was changed by something else than this program."""
    try:
        return _read(dict(row))
    except (ValueError, TypeError, AttributeError) as error:
        raise StateError(
            f"job {row['id'][:8]} in the queue cannot be read ({error}); nothing was changed",
            next_step="restore queue.db from a backup, or mend the row with sqlite3",
        ) from error


def _read(fields: dict[str, Any]) -> Job:
    fields["group"] = fields.pop("group_name")
    del fields["not_before"]
    fields["argv"] = tuple(json.loads(fields["argv"]))
    fields["resources"] = resources_from(fields["resources"])
    fields["policy"] = policy_from(fields["policy"])
    fields["state"] = State(fields["state"])
    fields["tags"] = tuple(fields["tags"].split())
    fields["blocked"] = bool(fields["blocked"])
    return Job(**fields)


def attempt_from(row: sqlite3.Row) -> Attempt:
    """An attempt from its row."""
    fields = dict(row)
    state, status, reason = fields.pop("state"), fields.pop("exit_status"), fields.pop("reason")
    ending = Ending(State(state), status, reason or "") if state else None
    return Attempt(**fields, ending=ending)
