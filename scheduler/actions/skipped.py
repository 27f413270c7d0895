"""Jobs that never start, for what they come after has not succeeded."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.actions.notices import Tell
from scheduler.queue.job import Job
from scheduler.queue.job_list import JobList
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.runner.notices import Skipped


def tell_skipped(store: Store, jobs: Sequence[Job], before: int, tell: Tell) -> None:
    """Tell of those of `jobs` that were skipped after the event with this number: what they come after is over already."""
    for reason, numbers in Mine(store, jobs).skipped_since(before).items():
        tell(Skipped(JobList(store.by_numbers, numbers), reason))
