"""What a runner tells whoever listens, as it happens. Plain values; how they look is the report's business."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.jobs.values import Attempt, Ending, Job


@dataclass(frozen=True)
class Started:
    job: Job
    attempt: Attempt


@dataclass(frozen=True)
class Joined:
    """A job that is already running, started by another runner or by an earlier one."""

    job: Job
    attempt: Attempt


@dataclass(frozen=True)
class Ended:
    job: Job
    attempt: Attempt
    ending: Ending
    duration: float | None
    again: bool  # it is started once more
    why_again: str = "its policy starts it again"


@dataclass(frozen=True)
class Waiting:
    """Nothing can start now although there is a slot."""

    job: Job
    reason: str


@dataclass(frozen=True)
class Interrupted:
    """A Ctrl-C was heard: the first (1) drains, the second (2) stops what runs."""

    times: int
    running: int


@dataclass(frozen=True)
class Trouble:
    """Nothing can be started or recorded now; the runner looks again until it can."""

    what: str


@dataclass(frozen=True)
class Warned:
    """Something about the machine that a person should know; it is not about one job's end."""

    text: str


@dataclass(frozen=True)
class Resized:
    """The machine offers something else than before: what it has, and how many jobs run at most at once from now on."""

    note: str
    slots: int


Notice = Resized | Trouble | Started | Joined | Ended | Waiting | Interrupted | Warned
