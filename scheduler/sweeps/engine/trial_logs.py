"""The logs of the trials that run: one follower each, woken by the kernel when a log grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Ending
from scheduler.queue.store import Store
from scheduler.runner.logs import follower_of, is_cut
from scheduler.sweeps.engine.beside import Beside, Values
from scheduler.sweeps.engine.whole_rows import WholeRows, whole_rows
from scheduler.tracking.left import Grown, Leaving
from scheduler.tracking.logged import Logged
from scheduler.tracking.metric_log import Objective
from scheduler.tracking.readers.choices import Choice
from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.printed_values import NearMiss
from scheduler.tracking.readers.rows import Row, finite
from scheduler.values import dataclass

NOTHING = Logged()


@dataclass(frozen=True)
class Heard:
    """New values of the metric. `anew`: they are all that count; `source` has taken the place of another log. `beside`: of
    several metrics, the others in all rows until now."""

    values: tuple[float, ...] = ()
    anew: bool = False
    source: str = ""
    beside: tuple[Values, ...] = ()


@dataclass(frozen=True)
class LastWords:
    """The metric's last values (`anew`: all that count), its final summary value, and, where it was never logged as a number,
    what was logged instead: `kind` is the same for trials that miss the same. `near` is what was printed like the metric and
    not read; `choice` says which log counts, where there are several; `instead` are the names that were logged. `logged` is all
    of it, where that was gathered, with the `objective` that the attempt has declared. `beside`: as in Heard."""

    values: tuple[float, ...] = ()
    anew: bool = False
    summary: float | None = None
    missing: str = ""
    kind: str = ""
    near: tuple[NearMiss, ...] = ()
    choice: Choice | None = None
    instead: tuple[str, ...] = ()
    logged: Logged = NOTHING
    objective: Objective | None = None
    beside: tuple[Values, ...] = ()

    @property
    def is_absent(self) -> bool:
        """Whether nothing in the logs has the metric's name, be it as a text or as NaN."""
        return bool(self.missing) and self.kind == self.missing


class Listening:
    """Followers by job. `heard` is called with a job whose log may have grown; `read` then gives what is new."""

    def __init__(self, wakeups: Wakeups, heard: Callable[[str], None], metrics: Sequence[str] = ()) -> None:
        self._wakeups, self._heard, self._metrics = wakeups, heard, tuple(metrics)
        self._besides: dict[str, Beside] = {}
        self._followers: dict[str, Follower] = {}
        self._leaving: dict[str, Leaving] = {}
        self._whole: dict[str, WholeRows] = {}

    def follow(self, job: str, directory: Path, follower: Follower, whole: WholeRows) -> None:
        """Follow a job's attempt, which has that directory, from its beginning, instead of any earlier one."""
        self.forget(job)
        self._whole[job] = whole
        self._besides[job] = _beside(self._metrics)
        self._followers[job], self._leaving[job] = follower, Leaving(directory, follower)
        self._wakeups.watch(follower, lambda: self._heard(job))
        self._heard(job)

    def read(self, job: str) -> Heard:
        """The metric in each row that is new, where it is a finite number."""
        follower = self._followers.get(job)
        if follower is None:
            return Heard()
        rows = follower.read()
        self._leaving[job].look(rows)
        rows = self._whole[job].of(rows, follower.source, anew=follower.anew)
        beside = self._besides[job].take(rows, anew=follower.anew)
        return Heard(_values(rows, first_of(self._metrics)), follower.anew, follower.source, beside)

    def grown(self, job: str) -> Grown | None:
        """How much a job that is followed has logged; None: it is not."""
        leaving = self._leaving.get(job)
        return leaving.grown if leaving else None

    @property
    def is_busy(self) -> bool:
        """Whether an attempt is followed."""
        return bool(self._followers)

    def notices(self) -> list[str]:
        """What people should hear about the ways in which these trials log."""
        return [text for follower in self._followers.values() for text in follower.notices()]

    def finish(self, job: str, ending: Ending) -> LastWords:
        """What is left to read of an attempt that is over; it is followed no more."""
        follower = self._followers.get(job)
        if follower is None:
            return LastWords()
        found = last_words(follower, self._whole[job], self._metrics, ending, self._besides[job])
        self.forget(job)
        return found

    def forget(self, job: str) -> None:
        follower = self._followers.pop(job, None)
        self._leaving.pop(job, None)
        self._besides.pop(job, None)
        self._whole.pop(job, None)
        if follower:
            self._wakeups.forget(follower)
            follower.close()

    def patience(self) -> float | None:
        """Seconds after which to look again at logs that no event tells of; None: no need."""
        ticks = [self._patience(job) for job in self._followers]
        return min((tick for tick in ticks if tick is not None), default=None)

    def look(self) -> None:
        """Look at the logs that no event tells of."""
        for job in list(self._followers):
            if self._patience(job) is not None:
                self._heard(job)

    def _patience(self, job: str) -> float | None:
        ticks = (self._followers[job].patience(), self._leaving[job].patience())
        return min((tick for tick in ticks if tick is not None), default=None)

    def close(self) -> None:
        for job in list(self._followers):
            self.forget(job)


def read_whole(store: Store, job: str, number: int, metrics: Sequence[str]) -> LastWords | None:
    """All that an attempt has logged until now, whether it is over or runs; None if there is no such attempt."""
    attempt = store.attempt(job, number)
    if attempt is None:
        return None
    of = store.job(job)
    follower = follower_of(store, of, attempt, tuple(metrics), gather=False, awake=False)
    try:
        return last_words(follower, whole_rows(store, of, attempt, metrics), metrics, attempt.ending, _beside(metrics))
    finally:
        follower.close()


def first_of(metrics: Sequence[str]) -> str | None:
    """The metric that counts rows and values: the first of several."""
    return metrics[0] if metrics else None


def _beside(metrics: Sequence[str]) -> Beside:
    return Beside(first_of(metrics), metrics[1:])


def last_words(follower: Follower, whole: WholeRows, metrics: Sequence[str], ending: Ending | None, beside: Beside) -> LastWords:
    """What is left to read of an attempt that has ended so, or still runs (None)."""
    metric = first_of(metrics)
    if not metric:
        follower.finish(cut=is_cut(ending))
        return LastWords(logged=follower.logged(), objective=follower.objective)
    rows = whole.of(follower.finish(cut=is_cut(ending)), follower.source, anew=follower.anew)
    values = _values(rows, metric)
    missing, odd = follower.what_is_missing(), follower.unusable()
    return LastWords(
        values,
        follower.anew,
        finite(Row(None, follower.summary), metric) if len(metrics) == 1 else None,  # a summary is no row
        missing,
        odd.what if odd else missing,
        tuple(follower.near_misses()),
        follower.choice(),
        tuple(follower.names_instead()),
        follower.logged(),
        follower.objective,
        beside.take(rows, anew=follower.anew),
    )


def _values(rows: list[Row], metric: str | None) -> tuple[float, ...]:
    found = (finite(row, metric) for row in rows) if metric else ()
    return tuple(value for value in found if value is not None)
