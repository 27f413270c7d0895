"""Jobs of a real store that are over and have logged, without a process for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scheduler.experiments import Experiment
from scheduler.queue.job import Ending, Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit

Rows = Sequence[Mapping[str, Any]]


def ended(
    store: Store,
    experiments: Sequence[Experiment],
    cwd: str,
    logs: Callable[[Mapping[str, Any]], Rows | None],
    *,
    again: bool = False,
) -> list[Job]:
    """The jobs of these experiments, which have logged what `logs` says of their configurations; None: it has failed."""
    jobs = list(submit(store, list(experiments), cwd, again=again).jobs)
    for job in jobs:
        rows = logs(job.config)
        with store.change() as change:
            attempt = change.begin(job, "launcher", "")
            assert attempt
            state = State.FAILED if rows is None else State.DONE
            change.end(attempt, Ending(state, 1 if rows is None else 0), 60.0)
        attempt.metrics.parent.mkdir(parents=True)
        attempt.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows or ()))
    return store.by_ids(job.id for job in jobs)
