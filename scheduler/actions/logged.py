"""All that attempts have logged: with its curves for one, without them for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from scheduler.queue.job import Attempt, Job
from scheduler.queue.kept import kept, with_curves
from scheduler.queue.store import Store
from scheduler.tracking import metric_log, outcomes
from scheduler.tracking.left import left
from scheduler.tracking.logged import Logged
from scheduler.tracking.metric_log import Objective
from scheduler.tracking.readers.rows import Row
from scheduler.values import dataclass


def logged(store: Store, job: Job, attempt: Attempt) -> Logged:
    """What an attempt has logged by now, by whatever it logs with; nothing where it has logged nothing. Of one that is over it is
    kept; of one that runs, or was over before such things were kept, the logs are read."""
    return with_curves(store, attempt) or _read(store, job, attempt)[0]


def with_others(store: Store, job: Job, attempt: Attempt, found: Logged, names: Sequence[str]) -> Logged:
    """The same with the curves of these names too, where it has logged numbers under them and, of so many, no curve is kept: they
    are read from its logs, as long as these are there."""
    missing = [name for name in names if has_number_alone(found, name)]
    if not missing:
        return found
    from scheduler.runner.logs import read_curves  # as below

    return replace(found, series={**found.series, **read_curves(store, job, attempt, missing)})


def has_number_alone(found: Logged, name: str) -> bool:
    """Whether it has logged a number under this name, and no more is kept of it."""
    last = found.last.get(name)
    return name not in found.series and isinstance(last, (int, float)) and not isinstance(last, bool)


@dataclass(frozen=True)
class Summary:
    """What an attempt has logged, without curves, and the objective that it has declared."""

    logged: Logged = field(default_factory=Logged)
    objective: Objective | None = None


def summaries(store: Store, jobs: Sequence[Job]) -> Mapping[str, Logged]:
    """By job id what the latest attempt of each has logged, without curves. Of one that runs and writes no metric log, it is what
    the runner that follows it has read, at most a few seconds old."""
    return {job: each.logged for job, each in with_objectives(store, jobs, store.latest_attempts(jobs)).items()}


def with_objectives(
    store: Store, jobs: Sequence[Job], latest: Mapping[str, Attempt], followed: Mapping[str, Summary] | None = None
) -> Mapping[str, Summary]:
    """The same, with what these attempts, by job id, have declared. `followed`: what somebody who follows them has read, by the
    names of attempts; of these nothing is read."""
    known = kept(store, latest.values())
    found = {}
    for job in jobs:
        if attempt := latest.get(job.id):
            one, read = known.get(attempt.name), (followed or {}).get(attempt.name)
            found[job.id] = Summary(one.logged, one.objective) if one else read or _by_now(store, job, attempt)
    return found


def _by_now(store: Store, job: Job, attempt: Attempt) -> Summary:
    if beside := left(Path(attempt.directory)):
        return Summary(beside, outcomes.read(attempt.metrics).objective)
    found, objective = _read(store, job, attempt)
    return Summary(replace(found, series={name: replace(one, curve=()) for name, one in found.series.items()}), objective)


def _read(store: Store, job: Job, attempt: Attempt) -> tuple[Logged, Objective | None]:
    from scheduler.runner.logs import read_whole  # nearly always all is kept, and nobody needs the readers of logs

    return read_whole(store, job, attempt)


def rows(store: Store, job: Job, attempt: Attempt) -> list[dict[str, Any]]:
    """The rows that an attempt has logged by now, in order, with `_step` and `_time` where these are known: those of its metric
    log as they stand there or, where that has none, those of the log that its curves are made of."""
    own = [row for row in metric_log.rows(attempt.metrics) if metric_log.metrics_of(row)]
    return own or [_as_logged(row) for row in _read_rows(store, job, attempt)]


def _as_logged(row: Row) -> dict[str, Any]:
    moment = {"_step": row.step, "_time": row.time}
    return {**{name: value for name, value in moment.items() if value is not None}, **metric_log.metrics_of(row.values)}


def _read_rows(store: Store, job: Job, attempt: Attempt) -> list[Row]:
    from scheduler.runner.logs import follower_of, is_cut  # as above

    follower, found = follower_of(store, job, attempt, awake=False), list[Row]()
    try:
        read, is_all = follower.read(), False
        while True:
            if follower.anew:  # those of before do not count
                found.clear()
            found += read
            if is_all:
                return found
            is_all = not follower.is_behind
            read = follower.finish(cut=is_cut(attempt.ending)) if is_all else follower.read()
    finally:
        follower.close()
