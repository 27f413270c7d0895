"""Everything about one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler.actions.results import Line, lines
from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.queue.surroundings import Surroundings


@dataclass(frozen=True)
class Details:
    """A job with what came out, its attempts from first to last, and all that happened to it: at, attempt, state, detail."""

    line: Line
    surroundings: Surroundings
    attempts: Sequence[Attempt]
    events: Sequence[Mapping[str, Any]]


def show(store: Store, job: Job) -> Details:
    """What is known of `job`."""
    (line,) = lines(store, [job])
    events = [{name: event[name] for name in ("at", "attempt", "state", "detail")} for event in store.events(job.id)]
    return Details(line, store.surroundings(job), store.attempts(job.id), events)
