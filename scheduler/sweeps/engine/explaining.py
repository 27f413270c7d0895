"""A sweep as the store remembers it, without its file: what is needed to explain one of its trials."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from scheduler.queue import trials as records
from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, TrialRecord
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.stopping.hyperband import Band, standings
from scheduler.sweeps.stopping.rules import rule_of
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass


@dataclass(frozen=True)
class Recalled:
    """One trial among all of its sweep. `rule` is None where trials are not compared at bands."""

    sweep: SweepRecord
    metric: str | None
    goal: str
    pruner: str
    rule: EarlyTerminate | None
    chosen: TrialRecord
    trials: tuple[Trial, ...]

    @property
    def trial(self) -> Trial:
        return next(trial for trial in self.trials if trial.number == self.chosen.number)

    def bands(self) -> tuple[Band, ...]:
        """Where trials were compared, as it stands now."""
        return standings(self.rule, self.goal, self.trials) if self.rule and self.metric else ()


def recall(store: Store, job: Job) -> Recalled | None:
    """The trial that `job` is, with the logs of all that still run read as far as they go; None if it is no trial."""
    sweep = records.sweep_of(store, job.id)
    if sweep is None:
        return None
    config = json.loads(sweep.config)
    everyone = up_to_date(store, sweep)
    written = EarlyTerminate(**config["early_terminate"]) if config["early_terminate"] else None
    rule = rule_of(written, config["pruner"])
    return Recalled(
        sweep,
        config["metric"],
        config["goal"],
        config["pruner"],
        rule,
        next(record for record in everyone if record.job == job.id),
        tuple(pointless(record) for record in everyone),
    )


def up_to_date(store: Store, sweep: SweepRecord) -> list[TrialRecord]:
    """All trials, with the logs of those that still run read as far as they go."""
    metrics = metrics_of(sweep)
    return [current(store, record, metrics) for record in records.trials(store, sweep.id)]


def metrics_of(sweep: SweepRecord) -> tuple[str, ...]:
    """The names of its objectives, the first one first."""
    config = json.loads(sweep.config)
    return (config["metric"], *(name for name, _ in config.get("beside", ()))) if config["metric"] else ()


def current(store: Store, record: TrialRecord, metrics: Sequence[str]) -> TrialRecord:
    """The trial, with its log read as far as it goes where nobody has kept it yet."""
    if record.is_read:
        return record
    from scheduler.sweeps.engine.trial_logs import read_whole  # of most somebody has, and it brings all readers of logs with it

    last = read_whole(store, record.job, record.attempts, metrics)
    return replace(record, history=last.values, summary=last.summary, beside=last.beside) if last else record


def pointless(record: TrialRecord) -> Trial:
    """What the trial has logged and where it stands; its point is left out, whose order only the file knows."""
    return Trial(record.number, (), record.state, record.history, record.summary, record.beside)
