"""Trials of other sweeps from which the search of one learns: they are told to it before its own, and are counted nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from scheduler.queue import trials as records
from scheduler.queue.states import SUCCEEDED
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, TrialRecord
from scheduler.sweeps.engine.explaining import current, pointless, up_to_date
from scheduler.sweeps.search.evidence import Adopted, adopted
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass


@dataclass(frozen=True)
class Told:
    """What of one other sweep is told: `used` of `total` trials. `unknown`: the parameters of which some of them say nothing."""

    sweep: SweepRecord
    used: int
    total: int
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """The trials in the words of the present sweep, numbered -1, -2, ... from the newest, so that they stand before its own."""

    trials: tuple[Trial, ...] = ()
    told: tuple[Told, ...] = ()


NO_EVIDENCE = Evidence()


def finished(store: Store, sweep: SweepRecord) -> list[TrialRecord]:
    """The trials of a sweep that have ended well and have a value to compare."""
    metric = json.loads(sweep.config)["metric"]
    return [each for each in up_to_date(store, sweep) if metric and each.state in SUCCEEDED and pointless(each).logged]


def agrees(plan: SweepPlan, sweep: SweepRecord) -> bool:
    """Whether the values of that sweep can be compared with those of this one."""
    config = json.loads(sweep.config)
    beside = [[each.name, each.goal] for each in plan.sweep.beside]
    return (config["metric"], config["goal"], config.get("beside", [])) == (plan.metric, plan.goal, beside)


def kept_evidence(store: Store, sweep: str, metrics: Sequence[str]) -> list[TrialRecord]:
    """What the sweep learns from, as far as it counts now: a trial may have been asked for again since."""
    everyone = (current(store, each, metrics) for each in records.evidence(store, sweep))
    return [each for each in everyone if each.state in SUCCEEDED and pointless(each).logged]


def evidence_of(store: Store, plan: SweepPlan, found: Iterable[TrialRecord]) -> Evidence:
    """What these trials of other sweeps, those of one beside each other, say to the search of `plan`."""
    trials: list[Trial] = []
    told: list[Told] = []
    for sweep, group in groupby(found, key=lambda record: record.sweep):
        everyone, source = list(group), records.sweep_called(store, sweep)
        lying = _lying(plan, everyone) if agrees(plan, source) else []
        unknown = {name for _, place in lying for name in place.unknown}
        told.append(Told(source, len(lying), len(everyone), tuple(sorted(unknown))))
        trials += [Trial(0, place.values, each.state, each.history, each.summary, each.beside) for each, place in lying]
    return Evidence(_numbered(trials), tuple(told))


def _lying(plan: SweepPlan, everyone: Iterable[TrialRecord]) -> list[tuple[TrialRecord, Adopted]]:
    """Those that lie in the present space, and where."""
    where = ((each, adopted(plan.parameters, each.point, each.job)) for each in everyone)
    return [(each, place) for each, place in where if place]


def _numbered(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    return tuple(replace(trial, number=number) for number, trial in enumerate(trials, -len(trials)))
