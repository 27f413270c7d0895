"""The truth about attempts, apart from what the store believes: what really happened to their processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scheduler.gpus.placement import ClaimRecord, Placement
from scheduler.queue.job import Attempt
from tests.contract.runner.plan_promises import claim_of


@dataclass
class Life:
    """The truth about one attempt: its processes and what its launcher wrote down."""

    attempt: Attempt
    placement: Placement | None
    boot: int
    launcher: bool = True  # lives
    tree: bool = False  # a process of the job lives
    noted: bool = False  # the journal has its `S`
    starts: int = 0
    end: dict[str, Any] | None = None  # the journal's `X`
    paused: bool = False  # its processes stand still: it can neither end nor leave anybody behind

    @property
    def claim(self) -> ClaimRecord | None:
        """The claim, as long as somebody has its descriptor."""
        if not self.placement or not (self.tree or (self.launcher and not self.end)):
            return None
        return claim_of(self.attempt.name, self.placement)


def can_start(life: Life) -> bool:
    return life.launcher and not life.noted


def can_end(life: Life) -> bool:
    return life.launcher and life.tree and not life.end and not life.paused


def lingers(life: Life) -> bool:
    return life.tree and not life.paused and bool(life.end or not life.launcher)


def has_launcher(life: Life) -> bool:
    return life.launcher


def can_be_paused(life: Life) -> bool:
    return life.tree
