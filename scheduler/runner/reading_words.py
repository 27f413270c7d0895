"""What the thread that reads logs hears, and what it knows."""

from __future__ import annotations

import math
import selectors
from dataclasses import field

from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.store import Store
from scheduler.tracking.left import Leaving
from scheduler.tracking.logged import Logged
from scheduler.tracking.metric_log import Objective
from scheduler.tracking.readers.follower import Follower
from scheduler.values import dataclass


@dataclass
class Followed:
    """An attempt under way. `wake`: when to look at it next, on the monotonic clock, if nothing is heard before."""

    job: Job
    attempt: Attempt
    wake: float
    follower: Follower | None = None
    leaving: Leaving | None = None
    looked: float = -math.inf
    is_awake: bool = False


@dataclass(frozen=True)
class Over:
    """An attempt that has ended; `job`: None where it is still to be asked for."""

    attempt: Attempt
    ending: Ending | None
    job: Job | None = None
    duration: float | None = None


@dataclass
class Known:
    """What the thread knows."""

    store: Store
    selector: selectors.BaseSelector
    followed: dict[str, Followed] = field(default_factory=dict)
    over: list[Over] = field(default_factory=list)
    read: list[tuple[Attempt, Logged, Objective | None]] = field(default_factory=list)
    is_closing: bool = False
    write_at: float = -math.inf  # until then what was read waits for more, on the monotonic clock
    retry_at: float = -math.inf


Word = Followed | Over | str | None  # a str: this attempt is not under way after all; None: no more comes
