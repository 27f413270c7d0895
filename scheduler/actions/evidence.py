"""Other sweeps from which one is to learn: which trials are meant, and what they say."""

from __future__ import annotations

import json

from scheduler.errors import UserError
from scheduler.queue.store import Store
from scheduler.queue.sweep_selection import sweep_named
from scheduler.queue.trials import SweepRecord, TrialRecord, latest_sweep
from scheduler.sweeps.engine.evidence import Evidence, agrees, evidence_of, finished, kept_evidence
from scheduler.sweeps.search.search import learns
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.wishes import Wishes


def offered(store: Store, plan: SweepPlan, directory: str, wishes: Wishes) -> list[TrialRecord]:
    """The finished trials of the sweeps that are to be learnt from, from now on. UserError for a sweep that is none, is this one,
    or has nothing that could be compared, and where the search learns nothing."""
    own = None if wishes.again else latest_sweep(store, plan.key(directory))
    sources = {each.id: each for each in (sweep_named(store, word) for word in wishes.evidence)}
    if sources and not learns(plan.sweep.method, wishes.sampler):
        how = f"sampler {wishes.sampler}" if wishes.sampler else f"method {plan.sweep.method}"
        raise UserError(f"--from: {how} learns nothing from other trials", next_step="add --method bayes, or leave --from out")
    return [trial for source in sources.values() for trial in _of(store, plan, source, own)]


def _of(store: Store, plan: SweepPlan, source: SweepRecord, own: SweepRecord | None) -> list[TrialRecord]:
    called = f"sweep {source.id[:8]} ({source.file})"
    if own and own.id == source.id:
        next_step = "leave --from out, or begin another sweep with --again"
        raise UserError(f"--from: {called} is the one that goes on, and its own trials count anyway", next_step=next_step)
    if not agrees(plan, source):
        what = f"--from: {called} has {_aim(source)}, and this one {plan.metric} to be {plan.goal}d"
        raise UserError(what, next_step="such values cannot be compared; name a sweep of the same metric and goal")
    found = finished(store, source)
    if not found:
        what = f"--from: {called} has no finished trial with a value of {plan.metric} yet"
        raise UserError(what, next_step="`exp-queue sweeps` lists all sweeps, and how their trials stand")
    return found


def _aim(sweep: SweepRecord) -> str:
    config = json.loads(sweep.config)
    return f"{config['metric']} to be {config['goal']}d" if config["metric"] else "no metric"


def foreseen(store: Store, plan: SweepPlan, directory: str, wishes: Wishes) -> Evidence:
    """What a sweep that began or went on now would learn from. UserErrors as above."""
    own = None if wishes.again else latest_sweep(store, plan.key(directory))
    kept = kept_evidence(store, own.id, plan.metrics) if own else []
    everyone = {each.job: each for each in (*kept, *offered(store, plan, directory, wishes))}
    return evidence_of(store, plan, sorted(everyone.values(), key=lambda each: each.sweep))
