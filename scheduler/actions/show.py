"""Everything about one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler.actions.results import Line, lines
from scheduler.queue.code import Aged, Code, Codes, aged
from scheduler.queue.job import Attempt, Job
from scheduler.queue.origin_rows import origin_of
from scheduler.queue.origins import Origin
from scheduler.queue.store import Store
from scheduler.queue.surroundings import Surroundings


@dataclass(frozen=True)
class Details:
    """A job with what came out, its attempts from first to last, and all that happened to it: at, attempt, state, detail."""

    line: Line
    surroundings: Surroundings
    attempts: Sequence[Attempt]
    events: Sequence[Mapping[str, Any]]
    codes: Mapping[int, Code]  # those that the job and its attempts refer to
    origins: Mapping[int, Origin]  # where its attempts come from, as far as that is known, by their numbers
    gpus: Mapping[int, Sequence[str]]  # the models of the GPUs of its attempts, by their numbers
    aged: Aged | None  # what has become of the job's since it was last asked for


def show(store: Store, job: Job) -> Details:
    """What is known of `job`."""
    (line,) = lines(store, [job])
    events = [{name: event[name] for name in ("at", "attempt", "state", "detail")} for event in store.events(job.id)]
    attempts = store.attempts(job.id)
    codes = {number: code for number in {job.code, *(each.code for each in attempts)} if (code := store.code(number)) and number}
    asked = store.code(job.code)
    now = aged(asked, Codes().at(asked.program)) if asked else None
    origins = {each.number: found for each in attempts if (found := origin_of(store, each))}
    gpus = {each.number: sorted({use.model for use in store.uses_of(each)}) for each in attempts}
    return Details(line, store.surroundings(job), attempts, events, codes, origins, gpus, now)
