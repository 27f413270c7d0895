"""What the store remembers of attempts on GPUs, and that older stores learn to remember it."""

from __future__ import annotations

import sqlite3

from scheduler.gpus.packing import GpuUse
from scheduler.home import Home
from scheduler.queue.job import Ending
from scheduler.queue.schema import APPLICATION_ID, MIGRATIONS
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit

TEXT = "command: ['true', '${args}']\ngrid: {x: [1, 2]}\n"


def test_uses_are_found_by_experiment_whichever_job_made_them(store: Store, experiments) -> None:
    """`run --again` makes a new job; what its predecessor used is why it can be packed."""
    first = submit(store, experiments(TEXT), "/").jobs
    with store.change() as change:
        attempt = change.begin(first[0], "launcher", "0")
        assert attempt
        change.end(attempt, Ending(State.DONE, 0), 1.0)
        change.used([GpuUse(first[0].id, 1, "GPU-0", "A", granted=None, peak=5000)])
    again = submit(store, experiments(TEXT), "/", again=True).jobs
    uses = store.gpu_uses(again)
    assert uses == {first[0].experiment: (GpuUse(first[0].id, 1, "GPU-0", "A", None, 5000, succeeded=True),)}
    assert store.uses_of(attempt) == uses[first[0].experiment]


def test_a_store_of_the_first_format_is_migrated_when_it_is_opened(home: Home, experiments) -> None:
    """An old database always opens."""
    connection = sqlite3.connect(home.database)
    connection.executescript(f"{MIGRATIONS[0]}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    connection.close()
    with Store(home) as store:
        jobs = submit(store, experiments(TEXT), "/").jobs
        assert store.gpu_uses(jobs) == {}
        assert len(jobs) == 2
    version = sqlite3.connect(home.database).execute("PRAGMA user_version").fetchone()[0]
    assert version == len(MIGRATIONS)
