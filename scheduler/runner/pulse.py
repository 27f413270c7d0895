"""What a runner tells by the clock alone: how far what runs has come, and that for long nothing could start. Pure; all times are
monotonic seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from scheduler.queue.job import Attempt, Job
from scheduler.runner.attempts import Running
from scheduler.runner.notices import Notice, StandsStill, UnderWay
from scheduler.runner.plan import AWAITED
from scheduler.values import dataclass

EVERY = 60.0  # seconds between two lines about one job


@dataclass(frozen=True)
class _Seen:
    job: Job
    attempt: Attempt
    since: float
    told: float


class Pulse:
    """`every`: seconds after which an attempt that runs is told of, again and again. `still`: seconds for which nothing may run
    and nothing start before that is told. None: never."""

    def __init__(self, every: float | None = None, still: float | None = None) -> None:
        self._every, self._still = every or math.inf, math.inf if still is None else still
        self._seen: dict[str, _Seen] = {}
        self._stuck_since = math.inf
        self._why, self._told = "", False

    def news(self, begun: Iterable[Running], stuck: str, now: float) -> list[Notice]:
        """What is to be told at `now`. `begun`: what runs; `stuck`: why nothing can start at the moment; "" where nothing waits
        for more than a slot or its time."""
        self._see(begun, now)
        return [*self._under_way(now), *self._standing_still(stuck, now)]

    def patience(self, now: float) -> float | None:
        """In how many seconds something may have to be told; None: nothing that an event does not announce."""
        due = min((each.told + self._every for each in self._seen.values()), default=math.inf)
        if not self._told:
            due = min(due, self._stuck_since + self._still)
        return None if due == math.inf else max(0.001, due - now)

    def _see(self, begun: Iterable[Running], now: float) -> None:
        there = {each.attempt.name: each for each in begun}
        self._seen = {name: self._seen.get(name) or _seen(each, now) for name, each in there.items()}

    def _under_way(self, now: float) -> Iterator[UnderWay]:
        for name, seen in self._seen.items():
            if now - seen.told >= self._every:
                self._seen[name] = _Seen(seen.job, seen.attempt, seen.since, now)
                yield UnderWay(seen.job, seen.attempt, now - seen.since)

    def _standing_still(self, stuck: str, now: float) -> Iterator[StandsStill]:
        if self._seen or not stuck:
            self._stuck_since, self._why, self._told = math.inf, "", False
            return
        self._stuck_since = min(self._stuck_since, now)
        self._why = self._why if stuck == AWAITED.sentence else stuck  # that stands between two looks at the same obstacle
        if self._why and not self._told and now - self._stuck_since >= self._still:
            self._told = True
            yield StandsStill(self._why, now - self._stuck_since)


def _seen(running: Running, now: float) -> _Seen:
    """Looked at first: what others have started may have run for long."""
    return _Seen(running.job, running.attempt, now if running.begun is None else running.begun, now)
