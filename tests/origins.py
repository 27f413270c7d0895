"""Attempts that come from somewhere, as if they had begun there."""

from __future__ import annotations

from scheduler.queue.changes import Changes
from scheduler.queue.job import Attempt
from scheduler.queue.origin_rows import remember
from scheduler.queue.origins import Origin


def comes_from(change: Changes, attempt: Attempt, origin: Origin) -> None:
    """The attempt comes from there."""
    which = (remember(change, origin), attempt.job, attempt.number)
    change.connection.execute("UPDATE attempt SET origin = ? WHERE job = ? AND number = ?", which)
