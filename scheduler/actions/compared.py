"""Jobs with all that they may be compared by, read for many at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

from scheduler.actions.logged import Summary, with_objectives
from scheduler.actions.results import pause_by_now, ran_for
from scheduler.experiments.configurations.configurations import flat
from scheduler.queue.code import Code
from scheduler.queue.job import NO_PAUSE, Attempt, Job, Pause
from scheduler.queue.states import SUCCEEDED
from scheduler.queue.store import Store
from scheduler.queue.surroundings import Surroundings
from scheduler.tracking.logged import Logged, Series
from scheduler.tracking.metric_log import Objective
from scheduler.values import dataclass

NOTHING, UNREAD = Logged(), Summary()


@dataclass(frozen=True)
class Compared:
    """A job with its latest attempt, what that has logged, what ranks it, and the program and the GPU that it ran with."""

    job: Job
    attempt: Attempt | None = None
    logged: Logged = NOTHING
    objective: Objective | None = None
    code: Code | None = None
    surroundings: Surroundings = field(default_factory=Surroundings)
    model: str = ""  # of its GPUs
    pause: Pause = NO_PAUSE  # of an attempt that is not over

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """Its parameters by their dotted names."""
        return flat(self.job.config)

    @property
    def succeeded(self) -> bool:
        return self.job.state in SUCCEEDED

    @property
    def seconds(self) -> float | None:
        """How long its latest attempt ran, or has run until now."""
        return ran_for(self.job, self.attempt, self.pause)

    def series(self, metric: str) -> Series | None:
        """The numbers that it has logged under this name; None where there is none."""
        return self.logged.series.get(metric)

    def best(self, metric: str, goal: str) -> float | None:
        """The best finite value that it has logged of this metric."""
        found = self.best_of(metric, goal)
        return found[0] if found else None

    def best_of(self, metric: str, goal: str) -> tuple[float, float] | None:
        """The same, and the step at which it was reached first."""
        series = self.series(metric)
        return series.best(goal) if series else None


def compared(store: Store, jobs: Sequence[Job], followed: Mapping[str, Summary] | None = None) -> list[Compared]:
    """The jobs in their order. Each table of the store is asked once, however many they are. `followed` as for
    `with_objectives`."""
    latest = store.latest_attempts(jobs)
    read = with_objectives(store, jobs, latest, followed)
    asked, models = _objectives(store, jobs), _models(store, jobs)

    def one(job: Job) -> Compared:
        attempt, found = latest.get(job.id), read.get(job.id, UNREAD)
        return Compared(
            job,
            attempt,
            found.logged,
            asked.get(job.id) or _of_its_file(job) or found.objective,
            store.code(job.code if attempt is None or attempt.code is None else attempt.code),
            store.surroundings(job),
            models.get(job.id, ""),
            pause_by_now(store, attempt),
        )

    return [one(job) for job in jobs]


def _of_its_file(job: Job) -> Objective | None:
    asked = job.policy.objective
    return Objective(asked.metric, asked.goal) if asked else None


def _objectives(store: Store, jobs: Sequence[Job]) -> dict[str, Objective]:
    """The metrics of the sweeps of those that are trials, by job id."""
    sql = """SELECT trial.job, sweep.config FROM json_each(?) AS wanted JOIN trial ON trial.job = wanted.value
             JOIN sweep ON sweep.id = trial.sweep"""
    rows = store.read(sql, (json.dumps([job.id for job in jobs]),))
    configs = {text: json.loads(text) for text in {row["config"] for row in rows}}
    known = {text: Objective(each["metric"], each["goal"]) for text, each in configs.items() if each["metric"]}
    return {row["job"]: known[row["config"]] for row in rows if row["config"] in known}


def _models(store: Store, jobs: Sequence[Job]) -> dict[str, str]:
    """What kinds of GPUs their latest attempts ran on, by job id."""
    sql = """SELECT gpu_use.job, group_concat(DISTINCT gpu_use.model) AS models FROM json_each(?) AS wanted
             JOIN job ON job.id = wanted.value JOIN gpu_use ON gpu_use.job = job.id AND gpu_use.attempt = job.attempts
             GROUP BY gpu_use.job"""
    return {row["job"]: row["models"] for row in store.read(sql, (json.dumps([job.id for job in jobs]),))}
