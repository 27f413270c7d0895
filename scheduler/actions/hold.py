"""Keep queued jobs from starting, and let them go on."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.queue.job import Job
from scheduler.queue.selection import select
from scheduler.queue.states import State
from scheduler.queue.store import Store


def hold(store: Store, words: Sequence[str]) -> list[Job]:
    """The named jobs; those of them that were queued are held now. Others stay as they are."""
    return _move(store, words, State.QUEUED, State.HELD)


def release(store: Store, words: Sequence[str]) -> list[Job]:
    """The named jobs; those of them that were held are queued now. Others stay as they are."""
    return _move(store, words, State.HELD, State.QUEUED)


def _move(store: Store, words: Sequence[str], before: State, after: State) -> list[Job]:
    chosen = select(store, words)
    with store.change() as change:
        for job in chosen:
            if change.state(job.id) is before:
                change.move(job.id, after, "by a person")
    return store.by_ids(job.id for job in chosen)
