"""Keep queued jobs from starting, and let them go on."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.queue.job import Job
from scheduler.queue.selection import chosen
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.values import dataclass

FEW = 50  # jobs that are listed without being asked for


@dataclass(frozen=True)
class Moved:
    """How many jobs were named, how many of them are in another state now, and the named ones where they are few or all are
    wanted."""

    named: int
    moved: int
    jobs: Sequence[Job] | None


def hold(store: Store, words: Sequence[str], *, every: bool = False) -> Moved:
    """Of the named jobs, those that were queued are held now. Others stay as they are. `every`: list them however many."""
    return _move(store, words, State.QUEUED, State.HELD, every=every)


def release(store: Store, words: Sequence[str], *, every: bool = False) -> Moved:
    """Of the named jobs, those that were held are queued now. Others stay as they are. `every` as above."""
    return _move(store, words, State.HELD, State.QUEUED, every=every)


def _move(store: Store, words: Sequence[str], before: State, after: State, *, every: bool) -> Moved:
    found = chosen(store, words)
    numbers = store.numbers(found.where, found.parameters)  # before they move: a state names others afterwards
    with store.change(many=True) as change:
        moved = change.move_all(found.where, found.parameters, frozenset({before}), after, "by a person")
    return Moved(len(numbers), moved, store.by_numbers(numbers) if every or len(numbers) <= FEW else None)
