"""What is told of a job that computes elsewhere: in pieces while it runs, or all at once when it is over."""

from __future__ import annotations

from dataclasses import replace

from scheduler.queue.changes import Changes
from scheduler.queue.job import Attempt, Ending, Job


def configured(change: Changes, job: str, arguments: str, group: str | None) -> None:
    """The configuration of a job, as JSON, and its group, as they are known by now."""
    sql = "UPDATE job SET arguments = ?1, group_name = ?2 WHERE id = ?3 AND (arguments != ?1 OR group_name IS NOT ?2)"
    change.connection.execute(sql, (arguments, group, job))


def recorded(change: Changes, job: Job, began: float, ended: float, ending: Ending) -> Attempt | None:
    """A queued job has had an attempt, from when to when in seconds since 1970, of which no process of ours knows. None if
    somebody has started it meanwhile."""
    attempt = change.begin(job, "", "")
    if attempt is None:
        return None
    change.end(attempt, ending, ended - began)
    which = (job.id, attempt.number)
    change.connection.execute("UPDATE attempt SET started = ?, ended = ? WHERE job = ? AND number = ?", (began, ended, *which))
    change.connection.execute("UPDATE job SET submitted = min(submitted, ?) WHERE id = ?", (began, job.id))
    return replace(attempt, started=began, ended=ended, duration=ended - began, ending=ending)
