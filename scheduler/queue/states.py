"""The states of a job and the one table of its transitions. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class State(str, Enum):
    """Where a job stands. A job's state is that of its latest attempt, or `queued` before one."""

    QUEUED = "queued"
    HELD = "held"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LOST = "lost"
    STOPPED_EARLY = "stopped_early"
    SKIPPED = "skipped"

    def __str__(self) -> str:
        return self.value


UNTAKEN = 204  # the exit status of a seat whose run no agent has begun: that was no attempt at it

WAITING = frozenset({State.QUEUED, State.HELD})
ACTIVE = frozenset({State.STARTING, State.RUNNING, State.STOPPING})
SUCCEEDED = frozenset({State.DONE, State.STOPPED_EARLY})
ENDED = frozenset(State) - WAITING - ACTIVE


def in_sql(states: Iterable[State]) -> str:
    """They as a list for `IN`: states are words of ours, and need no parameters."""
    return f"({', '.join(sorted(repr(state.value) for state in states))})"


# What may follow what. `lost` means that the outcome is unknown; only a declared policy or a person starts again from there.
FOLLOWS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.HELD, State.STARTING, State.CANCELLED, State.SKIPPED}),
    State.HELD: frozenset({State.QUEUED, State.CANCELLED, State.SKIPPED}),
    # A short job can end before its launcher says that it runs, hence the ends directly after `starting`.
    State.STARTING: ENDED - {State.SKIPPED} | {State.QUEUED, State.RUNNING, State.STOPPING},
    State.RUNNING: ENDED - {State.SKIPPED} | {State.STOPPING},
    State.STOPPING: ENDED - {State.SKIPPED},
    **{state: frozenset({State.QUEUED}) for state in ENDED},
}


class ImpossibleTransition(Exception):
    """A change that the table does not know: a defect of ours, never the user's."""
