"""What jobs are called on a screen whose list moves."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.queue.job import Job
from scheduler.report.labels import Labels


class Names:
    """Each job keeps the name by which it was first seen, which told it from those around it; a person's name comes before."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def meet(self, jobs: Iterable[Job]) -> None:
        """These are seen together."""
        some = list(jobs)
        if any(job.id not in self._labels for job in some):
            self._labels = {**Labels(some), **self._labels}

    def called(self, job: Job) -> str:
        """What the job is called."""
        return job.renamed or self._labels.get(job.id) or Labels([job])[job.id]
