"""Where a runner's next jobs come from, beyond those that are in the queue: from nowhere, from other people, from a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scheduler.home import Home
from scheduler.linux.inotify import IN_CLOSE_WRITE, FolderWatch
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.tracking.left import Grown
from scheduler.values import dataclass

FOR_AGENTS = "an agent of W&B computes it, and `exp-queue serve` gives it one"
DEAF = 10.0  # seconds between two looks at the queue where the kernel tells nothing of it


@dataclass(frozen=True)
class EarlyStop:
    """A running attempt that is not worth going on with, and why."""

    attempt: str
    reason: str


class Source(Protocol):
    """The runner's loop makes every call; none may block. What takes long belongs into a thread that wakes the loop."""

    def open(self, wakeups: Wakeups) -> None:
        """The loop begins. What the source waits for is watched by `wakeups`."""

    def refill(self, free: int) -> bool:
        """Queue what could start now that `free` slots are; False when nothing more will ever come. Unwritable or Shortage where
        that is not possible now: it will be tried again."""

    def stops(self) -> Sequence[EarlyStop]:
        """Attempts to stop now, each named once."""

    def patience(self) -> float | None:
        """Seconds after which to look again although nothing was heard; None: no need."""

    def reads(self, job: Job) -> bool:
        """Whether it reads itself what this job logs, and keeps it when an attempt is over."""

    def grown(self, job: Job) -> Grown | None:
        """How much the attempt at this job has logged; None where somebody else reads it."""

    def why_not(self, job: Job) -> str:
        """Why this job is not for a runner with this source, and stays queued; "" where it is."""

    def began(self, job: Job, attempt: Attempt) -> None:
        """An attempt was started, or joined."""

    def ended(self, job: Job, attempt: Attempt, ending: Ending, *, again: bool) -> None:
        """An attempt is over and its final record written; `again`: its policy has queued the job once more."""

    def never_ran(self, job: Job, attempt: Attempt) -> None:
        """An attempt was started, and has not begun after all: its job is queued again, or somebody has asked for its end."""

    def close(self) -> None:
        """The loop is over, whatever the reason."""


class QueueAlone:
    """Nothing comes but what is queued: when that is over, the runner leaves."""

    def open(self, wakeups: Wakeups) -> None:
        return None

    def refill(self, free: int) -> bool:
        return False

    def stops(self) -> Sequence[EarlyStop]:
        return ()

    def patience(self) -> float | None:
        return None

    def reads(self, job: Job) -> bool:
        return False

    def grown(self, job: Job) -> Grown | None:
        return None

    def why_not(self, job: Job) -> str:
        return FOR_AGENTS if job.needs_agent else ""

    def began(self, job: Job, attempt: Attempt) -> None:
        return None

    def ended(self, job: Job, attempt: Attempt, ending: Ending, *, again: bool) -> None:
        return None

    def never_ran(self, job: Job, attempt: Attempt) -> None:
        return None

    def close(self) -> None:
        return None


class Submits(QueueAlone):
    """Whatever anybody does to the queue wakes us: who has opened the store closes `write.lock` in the end. `forever`: there is
    always more to come; else the runner leaves when all that is queued is over."""

    def __init__(self, home: Home, *, forever: bool = True) -> None:
        self._folder, self._forever = home.root, forever
        self._watch: FolderWatch | None = None

    def open(self, wakeups: Wakeups) -> None:
        self._watch = FolderWatch(IN_CLOSE_WRITE, self._folder)
        wakeups.watch(self._watch, self._watch.drain)

    def refill(self, free: int) -> bool:
        return self._forever

    def patience(self) -> float | None:
        return None if self._watch and self._watch.precise else DEAF

    def close(self) -> None:
        if self._watch:
            self._watch.close()
