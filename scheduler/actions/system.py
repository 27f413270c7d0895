"""What attempts use of the machine: the rows of one, the sum of each, and who keeps a GPU and hardly uses it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence

from scheduler.actions.results import Line
from scheduler.errors import UserError
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.system_uses import remembered
from scheduler.tracking.logged import Gathering, Logged
from scheduler.tracking.metric_log import metrics_of, rows
from scheduler.tracking.readers.rows import Row
from scheduler.tracking.system_use import IDLE, SystemUse, busy_lately, read, tail

SOURCE = "system"
CO2 = "EXP_QUEUE_CO2_PER_KWH"


def system(store: Store, job: Job, attempt: Attempt) -> Logged:
    """The attempt's system log by now, with its curves; nothing where it has none. Its steps are seconds since the attempt began,
    so that attempts can be laid over one another."""
    gathering = Gathering()
    for row in rows(attempt.system):
        at = row.get("_time")
        if isinstance(at, float):
            gathering.take([Row(max(0, round(at - attempt.started)), metrics_of(row), at)])
    found = gathering.logged(SOURCE)
    return found if found.rows else Logged()


def uses(store: Store, attempts: Iterable[Attempt]) -> Mapping[str, SystemUse]:
    """By their names what attempts have used, until now where they are not over; without those of which nothing is known."""
    attempts = tuple(attempts)
    now = {each.name: read(each.system, each.started) for each in attempts if not each.ending}
    return {**remembered(store, attempts), **{name: use for name, use in now.items() if use}}


def idling(lines: Sequence[Line], now: float | None = None) -> dict[str, float]:
    """By id of the jobs that run and starve their GPUs: how busy these were in the last minutes, in percent. Whoever is paused
    starves nothing."""
    now = time.time() if now is None else now
    found = {}
    for line in lines:
        if line.attempt and line.attempt.gpus and line.job.state is State.RUNNING and line.pause.since is None:
            busy = busy_lately(tail(line.attempt.system), now)
            if busy is not None and busy < IDLE:
                found[line.job.id] = busy
    return found


def co2_per_kwh(environment: Mapping[str, str] = os.environ) -> float | None:
    """Grams of CO2 that somebody counts for a kWh here; None: nobody has said. UserError where that is no number."""
    given = environment.get(CO2)
    if not given:
        return None
    try:
        found = float(given)
    except ValueError:
        found = -1.0
    if not 0 <= found < math.inf:
        raise UserError(
            f'{CO2} is "{given}", not a number of grams', next_step="380 is that of a grid with some coal and some wind"
        )
    return found
