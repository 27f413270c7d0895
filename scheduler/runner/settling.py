"""Bringing a queue up to date with what happened while nobody watched.

Every command that looks at a queue passes here, and hardly ever is there an attempt that it calls open: then nothing is imported
of what judges one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.launcher.places import gone, sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scheduler.queue.job import Attempt
    from scheduler.queue.store import Store


def settle(store: Store) -> list[Attempt]:
    """Write down every end that nobody has heard, and queue again what its policy starts again; returns the attempts that are
    still there."""
    left, attempts = gone(store.home), store.open_attempts()  # in this order: see `sweep`
    still_there = _settle(store, attempts) if attempts else []
    sweep(store.home, left, {attempt.launcher for attempt in still_there})
    return still_there


def _settle(store: Store, attempts: Sequence[Attempt]) -> list[Attempt]:
    from scheduler.queue import evidence
    from scheduler.runner import endings, recovery

    still_there = []
    for attempt, seen in zip(attempts, evidence.look_at(store.home, attempts), strict=True):
        found = recovery.verdict(attempt.name, seen)
        if isinstance(found, recovery.StillThere):
            still_there.append(attempt)
        else:
            endings.write_down(store, attempt, found, recovery.duration(seen, attempt))
    return still_there
