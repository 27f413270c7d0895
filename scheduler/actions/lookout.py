"""Makes scenes, one after another, of a store, of the GPUs as they were last seen, and of what the attempts log.

A look costs little where little has changed: the queue is read when somebody has written to it, a log when it has grown, and one
that is long to read less often. What is seen is what any process can see, so all who look see the same.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from scheduler.actions.logged import logged
from scheduler.actions.pacing import Pace, paces
from scheduler.actions.results import outcome, ways_of
from scheduler.actions.scene import Metric, Running, Scene, Waiting
from scheduler.gpus.status import Standing, standings
from scheduler.linux.processes import usable_cores
from scheduler.queue.evidence import is_elsewhere, pauses
from scheduler.queue.job import Attempt, Job, Pause, waits_elsewhere
from scheduler.queue.mine import Mine
from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from scheduler.queue.waits import lacks
from scheduler.runner import presence
from scheduler.runner.gpu_view import GpuView
from scheduler.runner.plan import Wait, World, plan
from scheduler.shortage import passing
from scheduler.tracking.logged import Logged
from scheduler.tracking.time_left import A_STEP, AN_EPOCH, headway
from scheduler.values import dataclass

CLOCK = 1.0  # seconds between two scenes where nothing happens: the times that are shown go on
LEAST = 0.5  # seconds between two scenes, whatever happens
THRIFT = 100  # after one that took a second to make and to show, so many of rest: it never takes more than a hundredth of a core
LONGEST_REST = 10.0  # seconds
LONGEST = 5.0  # seconds between two looks at what may change without a word: journals, runners that are gone, logs elsewhere
SHARE = 1000  # a log that takes a second to read is read again after so many
GROUPS = 3  # of jobs that wait for other jobs or their time
LONELY = "nobody runs them: `exp-queue work` does"
_BESIDE = {*A_STEP, *AN_EPOCH, "progress", "lr", "learning_rate", "time", "runtime", "elapsed", "timestamp", "seed"}


@dataclass(frozen=True)
class _Queue:
    """What the store said at one look."""

    attempts: tuple[Attempt, ...] = ()
    jobs: Mapping[str, Job] = field(default_factory=dict)
    counts: Mapping[State, int] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    next: Job | None = None  # of those that wait for nothing but a slot or a GPU
    due: int = 0  # how many these are
    pauses: Mapping[str, Pause] = field(default_factory=dict)  # of the attempts, by their names
    paces: tuple[Pace, ...] = ()


@dataclass
class _Read:
    """What was read of an attempt's logs, and when that is worth another look."""

    logged: Logged = field(default_factory=Logged)
    objective: str = ""
    line: str = ""
    mark: tuple[object, ...] = ()
    due: float = 0.0


class Lookout:
    """Looks at some jobs of a store, or at all that it has, now and later."""

    def __init__(
        self,
        store: Store,
        jobs: Iterable[Job] | None = None,
        *,
        more: Callable[[Store], Iterable[int]] | None = None,
        view: Callable[[], GpuView | None] = lambda: None,
        newest_line: Callable[[Path], str] = lambda log: "",
        metric: str = "",
    ) -> None:
        """`jobs`: None: all. `more`: the numbers of those that are looked at as well by now; `view`: the GPUs as they were last
        seen; `newest_line`: of an output; `metric`: what jobs are judged by that do not say it themselves."""
        self._store, self._mine, self._more = store, Mine(store, jobs), more
        self._view, self._newest_line, self._metric = view, newest_line, metric
        self._known: set[int] = set()
        self._everything = jobs is None
        self._since, self._begun = time.time(), store.last_event()
        self._queue, self._version, self._looked = _Queue(), (-1, -1), float("-inf")
        self._is_stale, self._due = True, float("-inf")
        self._standing: tuple[GpuView | None, tuple[Standing, ...]] = (None, ())
        self._reads: dict[str, _Read] = {}

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Those that were not over at the last look."""
        return self._queue.attempts

    def scene(self) -> Scene:
        """What there is to see now."""
        now, view = time.time(), self._view()
        self._look(now)
        running = tuple(self._running(attempt, now) for attempt in self._queue.attempts if attempt.job in self._queue.jobs)
        self._reads = {each.attempt.name: self._reads[each.attempt.name] for each in running}
        waiting = (*self._turn(view), *self._queue.waiting)
        trouble = view.reading.problem or "" if view else ""
        return Scene(now, self._since, self._gpus(view), running, waiting, self._queue.counts, trouble, self._queue.paces)

    # The queue.

    def _look(self, now: float) -> None:
        # What others have written, and what came through this very connection.
        version = (self._store.read("PRAGMA data_version")[0][0], self._store.last_event())
        clock = time.monotonic()
        if version != self._version or clock - self._looked >= LONGEST:
            self._version, self._looked, self._is_stale = version, clock, True
            if self._more and (fresh := set(self._more(self._store)) - self._known):
                self._known |= fresh
                self._mine.add(self._store.by_numbers(fresh))
            self._queue = self._with_what_runs(self._queue)
        if self._is_stale and clock >= self._due:
            begun = time.thread_time()
            self._queue, self._is_stale = self._with_what_waits(self._queue, now), False
            rest = THRIFT * (time.thread_time() - begun)
            self._due = clock + (rest if rest > LEAST else 0.0)
        elif self._is_stale:
            self._queue = self._with_next(self._queue, now)

    def _with_what_runs(self, queue: _Queue) -> _Queue:
        unsorted = self._mine.open_attempts()
        jobs = {job.id: job for job in self._store.by_ids(attempt.job for attempt in unsorted)}

        def place(attempt: Attempt) -> tuple[bool, float, str]:  # last what waits in Slurm, of which there may be thousands
            return waits_elsewhere(jobs[attempt.job], attempt), attempt.started, attempt.name

        attempts = tuple(sorted(unsorted, key=place))
        names, found = [attempt.name for attempt in attempts], pauses(self._store.home, attempts)
        allowed = tuple(paces(self._store.home, jobs.values()))
        return replace(queue, attempts=attempts, jobs=jobs, pauses=dict(zip(names, found, strict=True)), paces=allowed)

    def _with_what_waits(self, queue: _Queue, now: float) -> _Queue:
        """Of 100,000 that wait it takes a tenth of a second, so not at every change."""
        counts = self._counts()
        pending = self._mine.pending() if counts.get(State.QUEUED) else []
        reasons = lacks(self._store, [each.job for each in pending[:GROUPS]], now)
        waiting = tuple(
            Waiting(each.job, len(each.numbers), reasons[each.job.id].reason) for each in pending if each.job.id in reasons
        )
        due = max(0, counts.get(State.QUEUED, 0) - sum(len(each.numbers) for each in pending))
        first = next(iter(self._mine.waiting(1, now)), None) if due else None
        return replace(queue, counts=counts, waiting=waiting, next=first, due=due)

    def _with_next(self, queue: _Queue, now: float) -> _Queue:
        """Between two looks at all that wait: what was to be the next may have begun."""
        if queue.next is None or any(job.state is State.QUEUED for job in self._store.by_ids([queue.next.id])):
            return queue
        first = next(iter(self._mine.waiting(1, now)), None)
        return replace(queue, next=first, due=max(queue.due - 1, 1) if first else 0)

    def _counts(self) -> dict[State, int]:
        """Of all that there are, those that were over before we looked do not count."""
        found = self._mine.counts()
        if not self._everything:
            return found
        over = Counter(job.state for job in self._store.by_numbers(self._mine.ended_since(self._begun)))
        return {**{state: count for state, count in found.items() if state not in ENDED}, **over}

    def _turn(self, view: GpuView | None) -> Iterator[Waiting]:
        """Those that wait for nothing but their turn, and what keeps the first of them."""
        first = self._queue.next
        if first is None:
            return
        if self._mine.queued_outside(presence.driven(self._store.home)):
            yield Waiting(first, self._queue.due, LONELY)
            return
        if (way := ways_of(self._store, [first]).get(first.id)) and not way.here:
            yield Waiting(
                first, self._queue.due, way.why(first) or f"it goes to {' or '.join(each.where for each in way.abroad)}"
            )
            return
        here = [each.job for each in self._queue.attempts if not is_elsewhere(each)]
        active = tuple(self._queue.jobs[job] for job in here if job in self._queue.jobs)
        decisions = plan(World((first,), active, len(active) + 1, usable_cores(), view))
        yield Waiting(first, self._queue.due, next((each.reason for each in decisions if isinstance(each, Wait)), ""))

    # The GPUs.

    def _gpus(self, view: GpuView | None) -> tuple[Standing, ...]:
        if view is None:
            return ()
        if self._standing[0] is not view:
            self._standing = (view, standings(view))
        return self._standing[1]

    # What the attempts log.

    def _running(self, attempt: Attempt, now: float) -> Running:
        job, read = self._queue.jobs[attempt.job], self._read(attempt)
        metric = _metric(read.logged, read.objective)
        rest, line = self._queue.pauses[attempt.name], "" if metric else read.line
        ahead = headway(job.config, read.logged, read.line, attempt.started, now, rest.spans)
        seconds = max(0.0, now - attempt.started - rest.rested)
        return Running(job, attempt, seconds, rest.since is not None, read.logged.step, metric, ahead, line)

    def _read(self, attempt: Attempt) -> _Read:
        read, now = self._reads.setdefault(attempt.name, _Read()), time.monotonic()
        mark = (_mark(attempt.metrics), _mark(attempt.log))
        if now < read.due or (mark == read.mark and now < read.due + LONGEST):
            return read
        begun, job = time.thread_time(), self._queue.jobs[attempt.job]
        with passing():
            read.logged = logged(self._store, job, attempt)
            read.objective = read.objective or self._objective(attempt)
            silent = not read.logged.series or headway(job.config, read.logged, "", attempt.started, time.time()) is None
            read.line = self._newest_line(attempt.log) if silent else ""
            read.mark = mark
        read.due = now + SHARE * (time.thread_time() - begun)
        return read

    def _objective(self, attempt: Attempt) -> str:
        found = outcome(attempt, self._queue.jobs[attempt.job].policy).objective
        return found.name if found else self._metric


def pause(cost: float) -> float:
    """So many seconds at least until the next scene; `cost`: seconds of a core that the last one took."""
    return min(max(LEAST, THRIFT * cost), LONGEST_REST)


def _mark(path: Path) -> tuple[int, int]:
    """What is another when a file was written to."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)


def _metric(logged: Logged, wanted: str) -> Metric | None:
    """The wanted one, else the first that is no count and no clock."""
    names = [name for name in logged.series if name.replace("/", ".").split(".")[-1].lower() not in _BESIDE]
    name = wanted if wanted in logged.series else next(iter(names), "")
    if not name:
        return None
    series = logged.series[name]
    until = None if math.isfinite(series.last) else float(logged.rows - 1 if logged.step is None else logged.step)
    return Metric(name, series.last, series.curve, series.odd, until)
