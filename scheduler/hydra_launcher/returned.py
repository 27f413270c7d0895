"""What a job of a multirun has returned, for the process that has waited for it."""

from __future__ import annotations

import pickle
from pathlib import Path

from hydra.core.utils import JobReturn, JobStatus

from scheduler.api.job import Job
from scheduler.hydra_launcher.returning import FILE
from scheduler.terminal import say


def returned(job: Job, overrides: list[str], name: str) -> JobReturn:
    """What this job has returned; for one that did not come so far an error that says how it stands."""
    path = Path(job.directory, FILE) if job.directory else None
    try:
        if path and job.is_over and path.exists():
            return pickle.loads(path.read_bytes())  # noqa: S301 (our own file, in a directory that is private to this user)
    except Exception as error:  # noqa: BLE001 (whatever the value's own class raises)
        say(f"{job.id[:8]}: what it has returned cannot be read here, and is None: {error}")
    held = JobReturn(overrides=overrides, task_name=name)
    held.status = JobStatus.COMPLETED if job.succeeded else JobStatus.FAILED
    held.return_value = None if job.succeeded else RuntimeError(_fate(job))
    return held


def _fate(job: Job) -> str:
    why = f": {job.reason}" if job.reason else ""
    next_step = f"exp-queue logs {job.id[:8]}" if job.is_over else "exp-queue resume"
    return f"the job {job.id[:8]} ({job.name}) is {job.state}{why}; {next_step}"
