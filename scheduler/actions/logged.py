"""All that attempts have logged: with its curves for one, without them for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scheduler.queue.job import Attempt, Job
from scheduler.queue.kept import Kept, kept, with_curves
from scheduler.queue.store import Store
from scheduler.runner.logs import read_whole
from scheduler.tracking.left import left
from scheduler.tracking.logged import Logged


def logged(store: Store, job: Job, attempt: Attempt) -> Logged:
    """What an attempt has logged by now, by whatever it logs with; nothing where it has logged nothing. Of one that is over it is
    kept; of one that runs, or was over before such things were kept, the logs are read."""
    return with_curves(store, attempt) or read_whole(store, job, attempt)[0]


def summaries(store: Store, jobs: Sequence[Job]) -> Mapping[str, Logged]:
    """By job id what the latest attempt of each has logged, without curves. Of one that runs and writes no metric log, it is what
    the runner that follows it has read, at most a few seconds old."""
    latest = store.latest_attempts(jobs)
    known = kept(store, latest.values())
    return {job.id: summary(store, job, attempt, known.get(attempt.name)) for job in jobs if (attempt := latest.get(job.id))}


def summary(store: Store, job: Job, attempt: Attempt, known: Kept | None) -> Logged:
    """The same of one attempt, of which `known` is what the store keeps."""
    if known:
        return known.logged
    beside = left(Path(attempt.directory))
    found = beside or read_whole(store, job, attempt)[0]
    return replace(found, series={name: replace(one, curve=()) for name, one in found.series.items()})
