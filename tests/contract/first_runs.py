"""The first of some jobs under way, under a runner of another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scheduler.actions.drive import Terms, drive
from scheduler.actions.pause import go_on
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices


@contextmanager
def first_runs(home: Home, store: Store, jobs: Sequence[Job], directory: Path, until: Callable) -> Iterator[Job]:
    """It touches `begun-...` in the directory and runs until there is a file `enough`; then so do the others."""

    def run() -> None:
        with Store(home) as own:
            drive(own, own.by_ids(job.id for job in jobs), Devices("the test's machine"), Terms(1), lambda _: None)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: list(directory.glob("begun-*")))
        until(lambda: store.counts() == {"queued": len(jobs) - 1, "running": 1})
        yield store.job(jobs[0].id)
    finally:  # a test that fails leaves nothing that runs
        go_on(store, store.by_ids(job.id for job in jobs))
        (directory / "enough").touch()
        thread.join()
