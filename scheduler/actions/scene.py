"""What there is to see while jobs run, as one value: the GPUs, what runs and how far it has come, what waits and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scheduler.actions.pacing import Pace
from scheduler.gpus.status import Standing
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import ENDED, State
from scheduler.tracking.logged import Point
from scheduler.tracking.time_left import Headway
from scheduler.values import dataclass


@dataclass(frozen=True)
class Metric:
    """The one metric of a job that is worth a place: its newest value, NaN and infinities too, and its curve, in which `odd` of
    them are left out; `until`: where they end, if they come last."""

    name: str
    value: float
    curve: tuple[Point, ...] = ()
    odd: int = 0
    until: float | None = None


@dataclass(frozen=True)
class Running:
    """An attempt that is not over. `seconds` is how long it has run, without its pauses; `line` the newest of its output, where
    it has logged no metric."""

    job: Job
    attempt: Attempt
    seconds: float
    paused: bool = False
    step: int | None = None
    metric: Metric | None = None
    headway: Headway | None = None
    line: str = ""


@dataclass(frozen=True)
class Waiting:
    """So many jobs, of which `first` is the first, that wait for the same; "": for a slot."""

    first: Job
    jobs: int
    reason: str = ""


@dataclass(frozen=True)
class Scene:
    """All of it at the moment `now`; `since` then somebody has looked; both in seconds since 1970. `counts`: how many of the jobs
    that are looked at are in each state; `trouble`: why the GPUs are not known; `paces`: how many of a program may run at
    once, where their runners find that out."""

    now: float
    since: float
    gpus: tuple[Standing, ...] = ()
    running: tuple[Running, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    counts: Mapping[State, int] = field(default_factory=dict)
    trouble: str = ""
    paces: tuple[Pace, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing runs, nothing is queued and nothing held."""
        return not any(count for state, count in self.counts.items() if state not in ENDED)
