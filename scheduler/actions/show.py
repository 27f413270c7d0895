"""Everything about one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.actions.logged import summaries
from scheduler.actions.media import Shown, shown
from scheduler.actions.results import Line, lines
from scheduler.actions.system import co2_per_kwh, uses
from scheduler.attempt_files import METRICS
from scheduler.queue.code import Aged, Code, Codes, aged
from scheduler.queue.job import Attempt, Job
from scheduler.queue.origin_rows import origin_of
from scheduler.queue.origins import Origin
from scheduler.queue.store import Store
from scheduler.queue.surroundings import Surroundings
from scheduler.tracking.logged import Logged
from scheduler.tracking.metric_log import Unread, unread
from scheduler.tracking.system_use import SystemUse
from scheduler.values import dataclass


@dataclass(frozen=True)
class Details:
    """A job with what came out, its attempts from first to last, and all that happened to it: at, attempt, state, detail.
    `logged`: what its latest attempt has logged, without curves."""

    line: Line
    surroundings: Surroundings
    attempts: Sequence[Attempt]
    events: Sequence[Mapping[str, Any]]
    codes: Mapping[int, Code]  # those that the job and its attempts refer to
    origins: Mapping[int, Origin]  # where its attempts come from, as far as that is known, by their numbers
    gpus: Mapping[int, Sequence[str]]  # the models of the GPUs of its attempts, by their numbers
    aged: Aged | None  # what has become of the job's since it was last asked for
    shown: Mapping[int, Sequence[Shown]]  # by the number of the attempt
    logged: Logged
    unread: Unread | None  # what lies among its rows in its metric log and is none
    systems: Mapping[str, SystemUse]  # by the names of its attempts, where anything was measured
    co2_per_kwh: float | None  # grams; None: nobody has said


def show(store: Store, job: Job) -> Details:
    """What is known of `job`."""
    (line,) = lines(store, [job])
    events = [{name: event[name] for name in ("at", "attempt", "state", "detail")} for event in store.events(job.id)]
    attempts = store.attempts(job.id)
    codes = {number: code for number in {job.code, *(each.code for each in attempts)} if (code := store.code(number)) and number}
    asked = store.code(job.code)
    return Details(
        line,
        store.surroundings(job),
        attempts,
        events,
        codes,
        {each.number: found for each in attempts if (found := origin_of(store, each))},
        {each.number: sorted({use.model for use in store.uses_of(each)}) for each in attempts},
        aged(asked, Codes().at(asked.program)) if asked else None,
        {each.number: shown(each) for each in attempts},
        summaries(store, [job]).get(job.id, Logged()),
        unread(Path(attempts[-1].directory) / METRICS) if attempts else None,
        uses(store, attempts),
        co2_per_kwh(),
    )
