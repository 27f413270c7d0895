"""One attempt that is followed for the live page: its logs are read as they grow, and what is new becomes points."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scheduler.actions.logged import Summary
from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.runner.logs import follower_of, is_cut
from scheduler.shortage import is_short
from scheduler.tracking.logged import Logged, Point, Series, flat, place_of
from scheduler.tracking.readers.rows import Row
from scheduler.values import dataclass
from scheduler.web.documents.curves import curve

PACE = 1.0  # seconds between two looks at one attempt
SPELL = 0.05  # seconds that a look may take
BATCH = 128  # points of a curve in one piece of news


class Followed:
    """`is_awake`: the kernel tells of its logs; others are looked at each PACE."""

    def __init__(self, store: Store, job: Job, attempt: Attempt, *, is_awake: bool) -> None:
        self.job, self.attempt, self.is_awake = job, attempt, is_awake and attempt.ending is None
        self._follower = follower_of(store, job, attempt, awake=self.is_awake)
        self._looked, self._heard = -math.inf, False
        self._is_finished = False  # whether all is read that there will ever be
        self.logged, self.summary = Logged(), Summary()
        self._ends: dict[str, float] = {}  # of each curve, the place of its last row

    def close(self) -> None:
        self._follower.close()

    def fileno(self) -> int:
        """Readable when there may be more; only asked for where the kernel tells."""
        return self._follower.fileno()

    @property
    def listens(self) -> bool:
        """Whether nothing was heard since the last look."""
        return self.is_awake and not self._heard and not self._is_finished

    def hear(self) -> None:
        self._heard = True

    def wait(self, now: float) -> float:
        """Seconds until it wants to be looked at, if nothing is heard."""
        if self._is_finished:
            return math.inf
        if self._follower.is_behind or self.attempt.ending:
            return 0.0
        patience = self._follower.patience() if self.is_awake else 0.0
        rest = PACE if self._heard else math.inf if patience is None else max(PACE, patience)
        return max(0.0, self._looked + rest - now)

    def end(self, attempt: Attempt) -> None:
        """It may be over, as its record says by now."""
        self.attempt = attempt

    def look(self) -> dict[str, Any] | None:
        """What it has logged since the last look, for the page; None where that is nothing."""
        if self._is_finished:
            return None
        self._looked, self._heard = time.monotonic(), False
        try:
            return self._news()
        except OSError as error:
            if is_short(error):
                raise
        except Exception:  # noqa: BLE001, S110 (one log that cannot be read must not stop the others)
            pass
        self._is_finished = True
        self._follower.close()
        return None

    def _news(self) -> dict[str, Any] | None:
        before, rows = self.logged, self._follower.read()
        anew = self._follower.anew
        while self._follower.is_behind and time.monotonic() < self._looked + SPELL:
            rows = self._joined(rows, self._follower.read())
            anew = anew or self._follower.anew
        if self.attempt.ending and not self._follower.is_behind:
            rows = self._joined(rows, self._follower.finish(cut=is_cut(self.attempt.ending)))
            anew, self._is_finished = anew or self._follower.anew, True
            self._follower.close()
        self.logged = self._follower.logged()
        self.summary = Summary(_short(self.logged), self._follower.objective)
        if self.logged.rows == before.rows and self.logged.source == before.source:
            return None
        earlier = self.logged.rows - len(rows)
        anew = anew or earlier < before.rows or (self.logged.source != before.source and earlier > 0)
        found = points(self.logged, earlier, before.step, rows)
        anew = self._went_back(found.points) or anew
        return {"anew": True} if anew else news(found)

    def _went_back(self, found: Mapping[str, Sequence[Point]]) -> bool:
        """Whether a curve is not the one of before with these behind it."""
        ends = {name: each[-1].at for name, each in found.items()}
        places = {name: [self._ends.get(name, -math.inf), *(point.at for point in each)] for name, each in found.items()}
        self._ends |= ends
        return any(at != sorted(at) for at in places.values())

    def _joined(self, rows: list[Row], more: list[Row]) -> list[Row]:
        return more if self._follower.anew else rows + more


@dataclass(frozen=True)
class New:
    """Rows as points of curves, how many values of each were not finite, and step and time of the first and the last row."""

    points: Mapping[str, Sequence[Point]]
    odd: Mapping[str, int]
    times: Sequence[tuple[float, float]]


def points(logged: Logged, before: int, step: int | None, rows: Sequence[Row]) -> New:
    """What these rows add to curves, where `before` rows came before them, of which the last with a step had `step`."""
    found: dict[str, list[Point]] = {}
    odd: dict[str, int] = {}
    times: list[tuple[float, float]] = []
    for number, row in enumerate(rows, before):
        at = place_of(row, number, step)
        step = step if row.step is None else row.step
        if row.time is not None:
            times = [*times[:1], (at, row.time)]
        for name, value in flat(row.values):
            if name not in logged.series or isinstance(value, (bool, str)):
                continue
            finite = _finite(value)
            if finite is None:
                odd[name] = odd.get(name, 0) + 1
            else:
                found.setdefault(name, []).append(Point(at, row.time, finite, finite, finite))
    return New(found, odd, times)


def news(found: New) -> dict[str, Any]:
    """`{"curves": {"loss": CURVE}, "times": [[STEP, TIME], ...]}`, each CURVE as `documents.curves` has it."""
    return {
        "curves": {
            name: curve(Series(0, found.odd.get(name, 0), math.nan, curve=tuple(found.points.get(name, ()))), BATCH)
            for name in {**found.points, **found.odd}
        },
        "times": found.times,
    }


def _finite(value: float) -> float | None:
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def _short(logged: Logged) -> Logged:
    """Without curves, as tables have it."""
    return replace(logged, series={name: replace(one, curve=()) for name, one in logged.series.items()})
