"""All that attempts have logged: with its curves for one, without them for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.tracking.logged import Gathering, Logged
from scheduler.tracking.metric_log import MetricRows
from scheduler.tracking.readers.kinds import METRIC_LOG


def logged(store: Store, job: Job, attempt: Attempt) -> Logged:
    """What stands in the attempt's logs by now; nothing where it has logged nothing."""
    gathering, reader = Gathering(), MetricRows(attempt.metrics)
    gathering.take(reader.read())
    while reader.behind:
        gathering.take(reader.read())
    gathering.take(reader.finish())
    found = gathering.logged(METRIC_LOG)
    return found if found.rows else Logged()


def summaries(store: Store, jobs: Sequence[Job]) -> Mapping[str, Logged]:
    """By job id what the latest attempt of each has logged, without curves."""
    latest = store.latest_attempts(jobs)
    found = {job.id: logged(store, job, latest[job.id]) for job in jobs if job.id in latest}
    return {
        job: replace(each, series={name: replace(one, curve=()) for name, one in each.series.items()})
        for job, each in found.items()
    }
