"""When a run is over for its seat, and how. Pure.

A run says itself how it ended. One that does not is given up after a while: soon where its program is gone, later
where nothing is heard of it. A run that no agent has begun has not failed: its job waits for the next agent, without GPUs.
"""

from __future__ import annotations

import math

from scheduler.queue.states import UNTAKEN
from scheduler.values import dataclass
from scheduler.wandb_server.posts import Told

GONE = "its program is not there any more"
LOST = 1  # the exit status of a run that does not say how it ended
UNBEGUN = 60.0  # seconds in which an agent is to come, and to begin
BEGINNING = 2.0  # seconds in which a run is heard of that its agent had for a moment
LAST_WORDS = 10.0  # seconds without a word of a run whose program is gone: it will not say how it ended
SILENCE = 300.0  # seconds without a word of a run, while its server is there: then it is over
ABANDONED = 86400.0  # the same where there is no server either


@dataclass(frozen=True)
class Seen:
    """What a seat sees beside what is told of its run. `silent`: seconds since it was heard of; `unserved`: those of them without
    a server; `gone`: seconds since its program was seen to be gone; `is_stopped`: the seat was asked to end."""

    silent: float = 0.0
    unserved: float = 0.0
    gone: float = -math.inf
    is_stopped: bool = False


@dataclass(frozen=True)
class End:
    status: int
    why: str = ""


def end_of(told: Told, seen: Seen) -> End | None:
    """How the run has ended; None: it goes on."""
    if told.exit_status is not None:
        return End(_status(told.exit_status))
    if not told.name:
        return _unbegun(told, seen)
    if min(seen.gone, seen.silent - seen.unserved) > LAST_WORDS:
        return End(LOST, f"the run is over without having said how it ended: {told.gone or GONE}")
    if seen.silent - seen.unserved > SILENCE or seen.silent > ABANDONED:
        return End(LOST, f"nothing was heard of the run for {seen.silent:.0f} s; it is taken to be over")
    return None


def _unbegun(told: Told, seen: Seen) -> End | None:
    if seen.is_stopped and not told.agent:
        return End(LOST, "it was stopped before an agent came")
    if seen.gone > BEGINNING:
        return End(LOST, f"the command of the sweep has ended before it began a run with `wandb.init`: {told.gone or GONE}")
    # An agent without a server may be at it; without an agent nobody is.
    silent = seen.silent - seen.unserved if told.agent and seen.silent <= ABANDONED else seen.silent
    if silent <= UNBEGUN:
        return None
    who = "the agent that was to begin it was not heard of" if told.agent else "no agent came"
    return End(UNTAKEN, f"{who} for {silent:.0f} s: it waits for the next one, without a GPU")


def _status(told: int) -> int:
    """As a process can end with it. The one that means something else here is a failure like any other."""
    return LOST if told < 0 or told == UNTAKEN else min(255, told)
