"""What people have said of jobs: names, tags, notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from scheduler.queue.job import Job
from scheduler.terminal import line


def as_object(job: Job) -> dict[str, Any]:
    """For programs. `name` is another thing in the rows of jobs: what tells one from those listed with it."""
    return {"nickname": job.name, "tags": list(job.tags), "notes": job.note}


def objects(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The jobs, by their ids, with what is said of them."""
    return [{"id": job.id, **as_object(job)} for job in jobs]


def rows(jobs: Sequence[Job]) -> list[dict[str, str]]:
    """For people."""
    return [
        {"id": job.short_id, "name": job.name, "tags": " ".join(job.tags), "note": job.note.partition("\n")[0]} for job in jobs
    ]


def print_notes(jobs: Sequence[Job], file: TextIO) -> None:
    """The note of one job as it is; of several, each behind its name."""
    for job in jobs:
        for each in job.note.splitlines():
            line(each if len(jobs) == 1 else f"{job.name}: {each}", file)
