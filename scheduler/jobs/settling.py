"""Bringing the store up to date with what happened while no runner lived: with the same judgement as if one had heard it."""

from __future__ import annotations

from scheduler.jobs import aftermath, recovery
from scheduler.jobs.driven import End, Running
from scheduler.jobs.ends import write_end
from scheduler.jobs.slots import sweep
from scheduler.jobs.store import Store
from scheduler.jobs.values import Attempt


def settle(store: Store) -> list[Attempt]:
    """Write down every end that nobody has heard, and queue again what its policy starts again; returns the attempts that are
    still there."""
    still_there = []
    for attempt in store.open_attempts():
        seen = recovery.look(store.home, attempt)
        found = recovery.verdict(attempt.name, seen)
        if isinstance(found, recovery.StillThere):
            still_there.append(attempt)
        else:
            _write(store, attempt, found, recovery.duration(seen, attempt))
    sweep(store.home, {attempt.launcher for attempt in still_there})
    return still_there


def _write(store: Store, attempt: Attempt, found: recovery.Verdict, duration: float | None) -> None:
    judged, uses = aftermath.judged(attempt, found, aftermath.shares_from(store, attempt))
    with store.change() as change:
        write_end(store, change, End(Running(store.job(attempt.job), attempt), judged, duration, uses))
