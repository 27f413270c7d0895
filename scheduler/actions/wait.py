"""Wait until jobs are over, whoever runs them."""

from __future__ import annotations

import math
import select
import time
from collections.abc import Iterator, Sequence

from scheduler.linux.inotify import IN_CLOSE_WRITE, IN_MODIFY, FolderWatch
from scheduler.queue.job import Job
from scheduler.queue.states import ACTIVE, ENDED
from scheduler.queue.store import Store
from scheduler.runner.endings import settle

TICK = 1.0  # for what no event tells: an end that no runner lives to write down


def wait_for(store: Store, jobs: Sequence[str], timeout: float | None) -> None:
    """Return when the jobs with these ids are over. TimeoutError after `timeout` seconds (None: however long it takes).

    Who writes to the queue wakes us. A runner writes down the ends that it hears; those that none has written after a while are
    written here.
    """
    settled = time.monotonic()
    with FolderWatch(IN_MODIFY | IN_CLOSE_WRITE, store.home.root) as watch:
        for rest in _rests(timeout):
            watch.drain()
            if not (open_jobs := [job for job in store.by_ids(jobs) if job.state not in ENDED]):
                return
            if rest <= 0:
                raise TimeoutError(_sentence(open_jobs, timeout))
            select.select([watch], [], [], min(rest, TICK))
            if time.monotonic() - settled >= TICK and any(job.state in ACTIVE for job in open_jobs):
                settle(store)
                settled = time.monotonic()


def _rests(timeout: float | None) -> Iterator[float]:
    """Seconds until the time is up, again and again."""
    begun = time.monotonic()
    while True:
        yield math.inf if timeout is None else begun + timeout - time.monotonic()


def _sentence(open_jobs: Sequence[Job], timeout: float | None) -> str:
    first, more = open_jobs[0], len(open_jobs) - 1
    others = f", and {more:,} more are not over" if more else ""
    return f"after {timeout:g} s job {first.short_id} is still {first.state}{others}"
