"""Cancelling jobs that Slurm has: those that wait there never start, and the launchers of the others stop them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from select import select
from typing import Any

from scheduler.queue.job import Attempt
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.endings import write_down
from scheduler.runner.recovery import NeverRan, ending_of

CANCELLED = "cancelled by a person"


def cancel_on_cluster(store: Store, attempts: Sequence[Attempt], say: Callable[[str], None], grace: float | None) -> None:
    """Stop these attempts; returns once their ends are written down. `say` hears what Slurm and their launchers say meanwhile."""
    from scheduler.slurm.clerk import Clerk  # most machines have no cluster

    with store.change() as change:
        for attempt in attempts:
            change.stopping(attempt, CANCELLED)
    say(f"stopping {len(attempts)} in Slurm")
    with closing(Clerk()) as clerk:
        for attempt in attempts:
            clerk.watch(attempt)
            clerk.stop(attempt.name, State.CANCELLED.value, grace)
        open_ones = {attempt.name: attempt for attempt in attempts}
        while open_ones:
            select([clerk], [], [])
            for message in clerk.reports():
                _hear(store, open_ones, message, say)


def _hear(store: Store, open_ones: dict[str, Attempt], message: dict[str, Any], say: Callable[[str], None]) -> None:
    attempt = open_ones.get(message["attempt"])
    if attempt is None:
        return
    if message["is"] == "note" and message["text"]:
        say(f"{attempt.job[:8]}: {message['text']}")
    if message["is"] in ("ended", "dropped"):
        del open_ones[attempt.name]
        end = message.get("end")
        write_down(store, attempt, ending_of(end) if end else NeverRan(), end["duration"] if end else None)
