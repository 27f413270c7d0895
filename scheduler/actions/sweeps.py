"""Sweeps seen again: from the store alone, without their files. Nothing is started; what still runs is read as far as it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.actions.trials import Results, results_of
from scheduler.goals import MAXIMIZE
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, newest_sweeps
from scheduler.sweeps.engine.budget import FAILED, best_trial
from scheduler.sweeps.engine.evidence import NO_EVIDENCE, Evidence, evidence_of, kept_evidence
from scheduler.sweeps.engine.explaining import pointless, up_to_date
from scheduler.sweeps.engine.live_trials import Entry
from scheduler.sweeps.recalled import plan_from
from scheduler.sweeps.stopping.hyperband import Band, standings
from scheduler.sweeps.stopping.rules import rule_of
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass


@dataclass(frozen=True)
class Listed:
    """A sweep with its trials as they stand. `exact`: its space is known, and not only what it has tried."""

    sweep: SweepRecord
    plan: SweepPlan
    pruner: str
    entries: Sequence[Entry]
    exact: bool

    @property
    def states(self) -> Mapping[str, int]:
        """How many trials are in each state."""
        return Counter(str(entry.record.state) for entry in self.entries)

    @property
    def trials(self) -> list[Trial]:
        """Those that lie in the present space, and the others."""
        return [entry.trial for entry in self.entries]

    @property
    def best(self) -> Trial | None:
        return best_trial(self.trials, self.plan.goal)

    @property
    def best_value(self) -> float | None:
        """The metric of that one."""
        best = self.best
        return best.best(self.plan.goal) if best else None


@dataclass(frozen=True)
class Improvement:
    """That a trial was better than all that were asked before it. `ended`: None of one that runs."""

    trial: int
    value: float
    ended: float | None


@dataclass(frozen=True)
class Seen:
    """A sweep with its results; where its trials were compared, as it stands now; how its best value came about; and what it was
    given of other sweeps."""

    listed: Listed
    results: Results
    bands: Sequence[Band]
    improvements: Sequence[Improvement]
    evidence: Evidence = NO_EVIDENCE


def sweeps(store: Store, limit: int = 0) -> list[Listed]:
    """All sweeps, the newest first; with `limit` so many."""
    return [listed(store, sweep) for sweep in newest_sweeps(store)[: limit or None]]


def listed(store: Store, sweep: SweepRecord) -> Listed:
    """The sweep with its trials, also those that lie outside of the space that it has now."""
    config: Mapping[str, Any] = json.loads(sweep.config)
    records, exact = up_to_date(store, sweep), "space" in config
    plan = plan_from(sweep.file, config, (record.point for record in records))
    trials = [plan.placed(pointless(each), each.point) if exact else pointless(each) for each in records]
    entries = [Entry(record.job, record, trial) for record, trial in zip(records, trials, strict=True)]
    return Listed(sweep, plan, config.get("pruner", "wandb"), entries, exact)


def see(store: Store, sweep: SweepRecord) -> Seen:
    """All about a sweep, as it stands."""
    found = listed(store, sweep)
    results = results_of(store, found.plan, sweep.id, found.entries, weighed=found.exact)
    kept = kept_evidence(store, sweep.id, found.plan.metrics)
    return Seen(found, results, _bands(found), _improvements(results), evidence_of(store, found.plan, kept))


def _bands(found: Listed) -> Sequence[Band]:
    rule = rule_of(found.plan.sweep.early_terminate, found.pruner)
    if not rule or not found.plan.metric:
        return ()
    return [band for band in standings(rule, found.plan.goal, found.trials) if band.reached]


def _worth(results: Results, entry: Entry) -> float | None:
    """None of a trial that can be nobody's best: of several objectives one without a value of each."""
    if entry.record.state in FAILED or entry.trial.outside:
        return None
    if results.plan.sweep.beside:
        return results.outcomes.get(entry.record.number, (None,))[0]
    return entry.trial.best(results.plan.goal)


def _improvements(results: Results) -> list[Improvement]:
    sign, best = -1.0 if results.plan.goal == MAXIMIZE else 1.0, float("inf")
    found = []
    for entry in results.entries:
        value = _worth(results, entry)
        if value is not None and sign * value < best:
            attempt = results.attempts.get(entry.job)
            found.append(Improvement(entry.record.number, value, attempt.ended if attempt else None))
            best = sign * value
    return found
