"""What is seen of jobs that run, as evidence of how fast they are beside so many others. Pure; all times are monotonic seconds.

Rows count between two looks at which the same jobs ran, and only once the youngest of them works: a program that is still being
loaded takes its cores, and nothing comes out yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scheduler.tracking.left import Grown
from scheduler.values import dataclass

YOUNG = 20.0  # seconds after which a job that has logged nothing counts as one that works
UNSEEN = 1.0  # seconds of its time that a job may have run before it was first seen
MOSTLY = 0.9  # of a job's time at one level: then its whole time says how fast it is there


@dataclass(frozen=True)
class Worked:
    """A job has logged so many rows at this level, in so many seconds."""

    job: str
    level: int
    rows: int
    seconds: float


@dataclass
class _Job:
    began: float
    works: bool = False
    mark: Grown | None = None  # the last row that counted at this level
    at: dict[int, float] = field(default_factory=dict)  # seconds at each level


class Meter:
    """Told again and again what runs; what it finds is for `Speeds`."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._seen = self._changed = 0.0
        self._level = 0

    def look(self, running: Mapping[str, Grown], now: float, *, counts: bool = True) -> list[Worked]:
        """`running`: what each job that runs has logged so far. Where it does not count how fast they are, because others run
        beside them or some are paused, their level is 0, about which nothing is found."""
        level = len(running) if counts else 0
        if running.keys() != self._jobs.keys() or level != self._level:
            self._jobs = {name: self._jobs.get(name) or _Job(now) for name in running}
            for job in self._jobs.values():
                job.mark = None
            self._changed, self._level = now, level
        for job in self._jobs.values():
            job.at[level] = job.at.get(level, 0.0) + max(0.0, now - max(self._seen, job.began))
        self._seen = now
        for name, job in self._jobs.items():
            job.works = job.works or running[name].rows > 0 or now - job.began > YOUNG
        if not level or not all(job.works for job in self._jobs.values()):
            return []
        return [worked for name, grown in running.items() if grown.rows and (worked := self._counted(name, grown, level))]

    def level_of(self, name: str, duration: float, now: float) -> int | None:
        """The level at which a job that has just ended, after so many seconds, was nearly all the time; None where it was at
        several, or not seen from its beginning."""
        job = self._jobs.get(name)
        if not job:
            return None
        seconds = {**job.at, self._level: job.at.get(self._level, 0.0) + now - max(self._seen, job.began)}
        level = max(seconds, key=lambda each: seconds[each])
        is_whole = seconds[level] >= MOSTLY * sum(seconds.values()) and sum(seconds.values()) + UNSEEN >= duration
        return level if level and is_whole else None

    def _counted(self, name: str, grown: Grown, level: int) -> Worked | None:
        job = self._jobs[name]
        before = job.mark
        if grown.at < self._changed or (before and (grown.rows <= before.rows or grown.at <= before.at)):
            return None
        job.mark = grown
        return Worked(name, level, grown.rows - before.rows, grown.at - before.at) if before else None
