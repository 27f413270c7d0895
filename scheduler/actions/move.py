"""Have waiting jobs start before or after the others."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.queue.changes import Changes
from scheduler.queue.job import Job
from scheduler.queue.order import before_all, behind_all, prefer
from scheduler.queue.selection import select
from scheduler.queue.states import WAITING
from scheduler.queue.store import Store
from scheduler.values import dataclass

FIRST, LAST = "first", "last"


@dataclass(frozen=True)
class Moved:
    """The named jobs that wait, oldest first, and the priority that they have now; how many of the named do not wait."""

    jobs: Sequence[Job]
    priority: int
    others: int


def move(store: Store, words: Sequence[str], where: str | int) -> Moved:
    """Give the named jobs that wait, queued or held, a priority: above all others that wait (FIRST), below them (LAST), or this
    one. Among themselves they keep their order. Jobs that run or are over stay as they are."""
    with store.change() as change:
        chosen = select(store, words)
        numbers = [job.number for job in chosen if job.state in WAITING]
        priority = _priority(change, numbers, where)
        prefer(change, numbers, priority)
    return Moved(store.by_numbers(numbers), priority, len(chosen) - len(numbers))


def _priority(change: Changes, numbers: Sequence[int], where: str | int) -> int:
    if isinstance(where, int):
        return where
    return before_all(change, numbers) if where == FIRST else behind_all(change, numbers)
