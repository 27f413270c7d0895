"""Which jobs ask more than this machine has, whatever else it does."""

from __future__ import annotations

import os
from collections.abc import Iterable

from scheduler.experiments import Resources
from scheduler.gpus.driver import surely_no_driver
from scheduler.gpus.reading import allowed
from scheduler.linux.processes import usable_cores
from scheduler.queue.job import Job
from scheduler.queue.states import State


def never_here(jobs: Iterable[Job]) -> dict[str, str]:
    """Why those of `jobs` that are queued can never run on this machine, by their ids. The driver is only asked about jobs for
    which one ordinary GPU is not enough: with a driver, there is such a one."""
    ordinary = 0 if surely_no_driver() or allowed(os.environ).nothing else 1
    queued = [job for job in jobs if job.state is State.QUEUED and _asks_more(job.resources, ordinary)]
    if not queued:
        return {}
    from scheduler.runner.devices import open_devices  # nearly never asked, and half of what its callers would load

    devices = open_devices()
    try:
        reasons = {resources: devices.never(job) for resources, job in {job.resources: job for job in queued}.items()}
    finally:
        devices.close()
    return {job.id: reason for job in queued if (reason := reasons[job.resources])}


def _asks_more(asks: Resources, gpus: int) -> bool:
    return (asks.gpus or 0) > gpus or (gpus > 0 and bool(asks.gpu_memory)) or (asks.cpus or 0) > usable_cores()
