"""What is told of a job that computes elsewhere, in pieces, while it runs."""

from __future__ import annotations

from scheduler.queue.changes import Changes


def configured(change: Changes, job: str, arguments: str, group: str | None) -> None:
    """The configuration of a job, as JSON, and its group, as they are known by now."""
    sql = "UPDATE job SET arguments = ?1, group_name = ?2 WHERE id = ?3 AND (arguments != ?1 OR group_name IS NOT ?2)"
    change.connection.execute(sql, (arguments, group, job))
