"""Writing down how an attempt ended, and queueing its job again where its policy says so."""

from __future__ import annotations

from scheduler.jobs import recovery
from scheduler.jobs.changes import Changes
from scheduler.jobs.driven import End
from scheduler.jobs.packing import retries_free_of_charge
from scheduler.jobs.plan import deserves_another_attempt
from scheduler.jobs.states import SUCCEEDED
from scheduler.jobs.store import Store
from scheduler.jobs.values import Ending


def write_end(store: Store, change: Changes, end: End) -> str:
    """Returns why its job is started again, "" if it is not."""
    attempt = end.running.attempt
    written = recovery.apply(change, attempt, end.found, end.duration)
    if not written or not isinstance(end.found, Ending):
        return ""
    change.used(end.uses)
    if _free_of_charge(store, end):
        change.repeat_free_of_charge(attempt, "out of memory while others were on its GPU: no retry spent")
        return "it starts again, no retry spent"
    # Asked of the row: its file may have brought the job another policy while it ran.
    if end.found.state in SUCCEEDED or not deserves_another_attempt(store.job(attempt.job), end.found):
        return ""
    change.retry_by_policy(attempt)
    return "its policy starts it again"


def _free_of_charge(store: Store, end: End) -> bool:
    job = end.running.job
    return bool(end.uses) and retries_free_of_charge(job.id, store.gpu_uses([job]).get(job.experiment, ()), end.uses)
