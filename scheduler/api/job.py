"""Jobs as values of Python: what they were when they were looked at, and the way to look again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, field
from pathlib import Path
from typing import Any, overload

from scheduler.actions import media, remark
from scheduler.actions import pause as pausing
from scheduler.actions.cancel import by_hand, cancel_all
from scheduler.actions.logged import logged, rows
from scheduler.actions.logs import attempt_of, whole
from scheduler.actions.opening import opened_queue
from scheduler.actions.results import Line, lines
from scheduler.actions.system import co2_per_kwh, uses
from scheduler.actions.wait import wait_for
from scheduler.api.curve import Curve, curve_of
from scheduler.api.rows import Rows, flat, frame
from scheduler.errors import UserError, nearest
from scheduler.experiments.document import values
from scheduler.queue.job import Attempt
from scheduler.queue.states import ENDED, SUCCEEDED
from scheduler.queue.store import Store
from scheduler.report.jobs import table
from scheduler.report.labels import Labels
from scheduler.report.system import as_object
from scheduler.terminal import say
from scheduler.tracking import metric_log
from scheduler.values import dataclass


@dataclass(frozen=True)
class Job:
    """A job as it was when it was looked at; it never changes. `refresh` and `wait` return a new one.

    `state` is one of queued, held, starting, running, stopping (not over), done, stopped_early (succeeded), failed, timeout,
    cancelled, lost, skipped. Times are seconds since 1970; `seconds` is how long the latest attempt ran, or has run until then.
    A negative `exit_status` is the number of the signal that ended the process. `gpus` are indices, and UUIDs of MIG instances.
    `last` has the last value of every metric, `objective` the name of the one that ranks.
    """

    id: str
    name: str  # what told it from the others that it was listed with
    state: str
    group: str | None
    config: Mapping[str, Any] = field(hash=False)
    attempt: int  # the number of the latest; 0 before the first
    exit_status: int | None
    reason: str
    gpus: tuple[int | str, ...]
    submitted: float
    started: float | None
    ended: float | None
    seconds: float | None
    directory: Path | None  # of the latest attempt: its log, metrics, checkpoints
    last: Mapping[str, Any] = field(hash=False)
    objective: str | None
    paused: bool = field(repr=False, kw_only=True, default=False)  # it runs and stands still
    nickname: str = field(repr=False, kw_only=True, default="")  # unlike that of any other job: `job(nickname)` finds it
    tags: tuple[str, ...] = field(repr=False, kw_only=True, default=())
    notes: str = field(repr=False, kw_only=True, default="")  # what somebody has written about it
    root: Path = field(repr=False)  # the state directory whose job it is

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.state in ENDED

    @property
    def succeeded(self) -> bool:
        """Whether it has ended well: done, or stopped early as a trial."""
        return self.state in SUCCEEDED

    def refresh(self) -> Job:
        """The job as it is now. UserError if the queue has it no more."""
        return look_again([self])[0]

    def wait(self, timeout: float | None = None) -> Job:
        """The job when it is over, whoever runs it. TimeoutError after `timeout` seconds.

        A queued job starts when somebody runs it: `run`, `work`, or a command in another terminal.
        """
        return look_again([self], timeout, until_over=True)[0]

    def cancel(self, grace: float | str | None = None) -> Job:
        """Take it out of the queue, or stop it, and return it when it is over; one that is over stays as it is.

        `grace`: seconds (or a text such as "2m") from SIGINT to SIGTERM, in which it can save its work; None: what its policy
        says. SIGKILL follows after half of that again.
        """
        return stop([self], grace)[0]

    def pause(self) -> Job:
        """Stop all its processes where they are, until `resume`; returns it when they stand still. It keeps its slot, its memory
        and its GPUs. A job that does not run stays as it is: look at `paused`."""
        return rest([self], pausing.pause)[0]

    def resume(self) -> Job:
        """Let it go on where it is paused, by whomever."""
        return rest([self], pausing.go_on)[0]

    def tag(self, *tags: str, remove: bool = False) -> Job:
        """Give it these tags, at any time, or take them away; `jobs("tag:baseline")` finds those with one. Returns it as it is
        then. UserError for what cannot be a tag."""
        return _remarked(self, lambda store: remark.tag(store, [self.id], tags, remove=remove))

    def note(self, text: str, *, append: bool = False) -> Job:
        """Write this about it, in the place of what is in `notes`, or behind that; "" takes it away."""
        return _remarked(self, lambda store: remark.annotate(store, [self.id], text, append=append))

    def rename(self, name: str) -> Job:
        """Call it so: its `nickname` from now on. UserError for a name that another job has, or that means something else."""
        return _remarked(self, lambda store: remark.rename(store, self.id, name))

    def log(self) -> str:
        """What its latest attempt has printed so far. Bytes that are no UTF-8 are shown as the replacement character.

        UserError if it has not run yet, or its log was removed.
        """
        with opened_queue(say, self.root, only_looks=True) as store:
            (job,) = _found(store, [self])
            return b"".join(whole(attempt_of(store, job, None))).decode(errors="replace")

    def metrics(self) -> list[dict[str, Any]]:
        """The rows that its latest attempt has logged so far, in order, by whatever it logs with, and be it that it prints them:
        with `_step` and `_time` (seconds since 1970) where these are known. Empty for one that has logged nothing yet."""
        with opened_queue(say, self.root, only_looks=True) as store:
            (job,) = _found(store, [self])
            attempt = store.latest_attempts([job]).get(job.id)
            return rows(store, job, attempt) if attempt else []

    def shown(self) -> list[dict[str, Any]]:
        """The images, histograms, tables and saved files of its latest attempt so far, in order: `kind`, `name`, `step` and
        `path`; histograms and tables stand in the file of lines of JSON at that path. Empty where there are none."""
        attempt = _latest(self)
        return [asdict(each) for each in media.shown(attempt)] if attempt else []

    def system(self) -> list[dict[str, Any]]:
        """The rows about what its latest attempt has used of the machine so far (`cpu.use`, `memory.used`, `gpu.0.use` ...), with
        `_time`. Empty for one that was over within seconds, or has not run yet."""
        attempt = _latest(self)
        return list(metric_log.rows(attempt.system)) if attempt else []

    def used(self) -> dict[str, Any] | None:
        """What its latest attempt has used of the machine in all, until now or its end, as `system` of `exp-queue show --format
        json`: means and peaks, and `energy_wh`. None where nothing was measured."""
        with opened_queue(say, self.root, only_looks=True) as store:
            attempts = list(store.latest_attempts(_found(store, [self])).values())
            found = uses(store, attempts)
        return next((as_object(use, co2_per_kwh()) for use in found.values()), None)

    def curve(self, metric: str) -> Curve:
        """What its latest attempt has logged of a metric so far: points with `step`, `time`, `value`, and the extremes of the
        rows that each stands for. UserError for a metric that it has no numbers of."""
        with opened_queue(say, self.root, only_looks=True) as store:
            (job,) = _found(store, [self])
            attempt = store.latest_attempts([job]).get(job.id)
            found = logged(store, job, attempt).series if attempt else {}
        if metric not in found:
            next_step = nearest(metric, found) or "it has logged no numbers yet"
            raise UserError(f'job {self.id[:8]} has no numbers of "{metric}"', next_step=next_step)
        return curve_of(found[metric])


class Jobs(Rows[Job]):
    """Jobs as they were when they were looked at, in a fixed order."""

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> Jobs: ...
    def __getitem__(self, index: int | slice) -> Job | Jobs:
        if isinstance(index, slice):
            return Jobs(self._items[index], self._rows[index])
        return self._items[index]

    @property
    def all_succeeded(self) -> bool:
        """Whether every one of them has ended well."""
        return all(job.succeeded for job in self)

    def refresh(self) -> Jobs:
        """The same jobs as they are now. UserError if the queue has one no more."""
        return look_again(self)

    def wait(self, timeout: float | None = None) -> Jobs:
        """The same jobs when all are over. TimeoutError after `timeout` seconds."""
        return look_again(self, timeout, until_over=True)

    def cancel(self, grace: float | str | None = None) -> Jobs:
        """Cancel those that are not over, and return all when they are; `grace` as for a job."""
        return stop(self, grace)

    def pause(self) -> Jobs:
        """Pause those that run; as for a job."""
        return rest(self, pausing.pause)

    def resume(self) -> Jobs:
        """Let those that are paused go on."""
        return rest(self, pausing.go_on)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each job; `config.lr` and `metrics.loss` are columns. ImportError without pandas."""
        return frame([_job_row(job) for job in self])


def jobs_of(store: Store, found: Sequence[Line]) -> Jobs:
    """The jobs with what came out of them, in this order."""
    names = Labels(line.job for line in found)
    return Jobs([_job(store, line, names[line.job.id]) for line in found], table(found, names))


def _job(store: Store, line: Line, name: str) -> Job:
    job, attempt, outcome = line.job, line.attempt, line.outcome
    return Job(
        id=job.id,
        name=name,
        state=job.state.value,
        group=job.group,
        config=job.config,
        attempt=job.attempts,
        exit_status=line.exit_status,
        reason=line.reason,
        gpus=tuple(int(name) if name.isdecimal() else name for name in attempt.gpus.split(",") if name) if attempt else (),
        submitted=job.submitted,
        started=line.started,
        ended=attempt.ended if attempt else None,
        seconds=line.seconds,
        directory=Path(attempt.directory) if attempt else None,
        last=dict(outcome.last),
        objective=outcome.objective.name if outcome.objective else None,
        paused=line.pause.since is not None,
        nickname=job.name,
        tags=job.tags,
        notes=job.note,
        root=store.home.root,
    )


def look_again(jobs: Sequence[Job], timeout: float | None = None, *, until_over: bool = False) -> Jobs:
    """These jobs as they are now or, `until_over`, when all of them are; TimeoutError after `timeout` seconds."""
    if not jobs:
        return Jobs((), ())
    with opened_queue(say, jobs[0].root, only_looks=not until_over) as store:
        there = _found(store, jobs)
        if until_over:
            wait_for(store, there, timeout, say=say)
        return jobs_of(store, lines(store, _found(store, jobs)))


def stop(jobs: Sequence[Job], grace: float | str | None) -> Jobs:
    """Cancel these jobs; returns them when they are over."""
    if not jobs:
        return Jobs((), ())
    seconds = None if grace is None else values.pause(grace)
    with opened_queue(say, jobs[0].root) as store:
        for attempt in cancel_all(store, [job.number for job in _found(store, jobs)], lambda _: None, seconds):
            say(by_hand(store, attempt))
        return jobs_of(store, lines(store, _found(store, jobs)))


def rest(jobs: Sequence[Job], action: Callable[[Store, Sequence[Any]], pausing.Rested]) -> Jobs:
    """Pause these jobs, or let them go on; returns them as they are then. What could not be reached is said."""
    if not jobs:
        return Jobs((), ())
    with opened_queue(say, jobs[0].root) as store:
        for job, why in action(store, _found(store, jobs)).refused.items():
            say(f"{job[:8]}: {why}")
        return jobs_of(store, lines(store, _found(store, jobs)))


def _remarked(job: Job, action: Callable[[Store], object]) -> Job:
    """The job as it is once something was said of it."""
    with opened_queue(say, job.root) as store:
        _found(store, [job])
        action(store)
        return jobs_of(store, lines(store, _found(store, [job])))[0]


def _latest(job: Job) -> Attempt | None:
    with opened_queue(say, job.root, only_looks=True) as store:
        return store.latest_attempts(_found(store, [job])).get(job.id)


def _found(store: Store, jobs: Sequence[Job]) -> list[Any]:
    """The jobs of the queue that these are, in this order."""
    there = {job.id: job for job in store.by_ids(job.id for job in jobs)}
    for job in jobs:
        if job.id not in there:
            raise UserError(f"the queue {store.home.root} has no job {job.id[:8]} any more", next_step="look with jobs()")
    return [there[job.id] for job in jobs]


def _job_row(job: Job) -> dict[str, Any]:
    names = ("id", "name", "nickname", "tags", "notes", "group", "state", "attempt", "exit_status", "reason", "seconds", "gpus")
    return {**{name: getattr(job, name) for name in names}, **flat("config", job.config), **flat("metrics", job.last)}
