"""The trials of a sweep with what came out of them."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from importlib.util import find_spec

from scheduler.queue.code import Aged
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import SUCCEEDED
from scheduler.queue.store import Store
from scheduler.queue.submit import outdated
from scheduler.queue.trials import SweepRecord, TrialRecord, latest_sweep
from scheduler.sweeps.engine.budget import FAILED, best_trial, better_outside
from scheduler.sweeps.engine.checkpoints import Written, written_by
from scheduler.sweeps.engine.explaining import pointless, up_to_date
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.front import front
from scheduler.sweeps.recalled import plan_from
from scheduler.sweeps.search.importance import FEWEST, importance
from scheduler.sweeps.stopping.verdicts import Saved, saved
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass


@dataclass(frozen=True)
class Results:
    """A sweep as it stands. `best` lies in the present space; `better`: one outside of it that is better. `importance` is None
    where too little is known. Of a sweep with several objectives, `front` has the numbers of the trials in the present space
    that no other one there beats in all of them, `outcomes` the values of each trial by its number, and `best` and `better` are
    by the first."""

    plan: SweepPlan
    sweep: str
    entries: tuple[Entry, ...]
    jobs: Mapping[str, Job]
    attempts: Mapping[str, Attempt]
    best: Trial | None
    saved: Saved | None
    importance: Sequence[tuple[str, float]] | None
    written: Sequence[Written] = ()
    outcomes: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    front: tuple[int, ...] = ()
    better: Trial | None = None

    def entry(self, trial: Trial) -> Entry:
        return next(entry for entry in self.entries if entry.trial == trial)


def results(store: Store, plan: SweepPlan, book: Book) -> Results:
    """Read what the reports are made of."""
    return results_of(store, plan, book.sweep.id, book.entries())


def results_of(store: Store, plan: SweepPlan, sweep: str, everyone: Sequence[Entry], *, weighed: bool = True) -> Results:
    """The same, of trials that nobody has in memory. `weighed`: with what mattered; not where the plan's space is a guess."""
    entries = tuple(everyone)
    jobs = {job.id: job for job in store.by_ids(entry.job for entry in entries)}
    trials = [entry.trial for entry in entries]
    attempts = store.latest_attempts(jobs.values())
    outcomes = outcomes_of(plan, trials)
    winning = front_inside(plan, trials, outcomes)
    best = next((trial for trial in trials if winning and trial.number == winning[0]), None)
    return Results(
        plan,
        sweep,
        entries,
        jobs,
        attempts,
        best or best_trial(trials, plan.goal),
        saved(trials),
        _importance(plan, trials) if weighed else None,
        written_by(at_the_same_time(store, attempts.values())),
        outcomes,
        winning,
        better_by_the_first(plan, trials, outcomes) if plan.sweep.beside else better_outside(trials, plan.goal),
    )


def outcomes_of(plan: SweepPlan, trials: Sequence[Trial]) -> dict[int, tuple[float, ...]]:
    """Of several objectives, the values of each trial that has them all in one row, by its number."""
    found = {trial.number: trial.outcome(plan.goal) for trial in trials} if plan.sweep.beside else {}
    return {number: values for number, values in found.items() if values is not None}


def front_inside(plan: SweepPlan, trials: Sequence[Trial], outcomes: Mapping[int, tuple[float, ...]]) -> tuple[int, ...]:
    """The numbers of the trials in the present space that no other one there beats; none of a sweep with one objective."""
    found = [each.number for each in trials if each.number in outcomes and each.state not in FAILED and not each.outside]
    return front({number: outcomes[number] for number in found}, plan.sweep.goals)


def better_by_the_first(plan: SweepPlan, trials: Sequence[Trial], outcomes: Mapping[int, tuple[float, ...]]) -> Trial | None:
    """The trial outside of the present space that is best by the first objective, where none inside is as good by it."""
    whole = [each for each in trials if each.number in outcomes]
    found = better_outside([replace(each, rows=outcomes[each.number][:1], summary=None) for each in whole], plan.goal)
    return next((each for each in whole if found and each.number == found.number), None)


@dataclass(frozen=True)
class Remembered:
    """A sweep as the queue remembers it, without its file: its trials in the order in which they were asked, what each has
    reached of the metric so far (None: nothing), and the number of the best."""

    sweep: SweepRecord
    metric: str | None
    goal: str
    trials: Sequence[TrialRecord]
    values: Sequence[float | None]
    best: int | None


def remembered(store: Store, sweep: SweepRecord) -> Remembered:
    """Reads the logs of trials that still run, as far as they go."""
    config, records = json.loads(sweep.config), up_to_date(store, sweep)
    plan = plan_from(sweep.file, config, (record.point for record in records))
    trials = [plan.placed(pointless(record), record.point) for record in records]
    best = best_trial(trials, config["goal"])
    values = [trial.best(config["goal"]) for trial in trials]
    return Remembered(sweep, config["metric"], config["goal"], records, values, best.number if best else None)


@dataclass(frozen=True)
class Standing:
    """A sweep that the same command would go on with. `counting`: those of its trials that lie in the present space and have
    something to compare, `best` among them; `outdated` as in a Submission."""

    sweep: SweepRecord
    trials: Sequence[Trial]
    counting: Sequence[Trial]
    best: Trial | None
    outdated: Mapping[Aged, Sequence[int]]

    @property
    def total(self) -> int:
        return len(self.trials)


def standing(store: Store, plan: SweepPlan, directory: str) -> Standing | None:
    """The sweep that `plan` would go on with from there, with the logs of trials that still run read as far as they go; None
    if it would be a new one."""
    sweep = latest_sweep(store, plan.key(directory))
    if sweep is None:
        return None
    records = up_to_date(store, sweep)
    trials = [plan.placed(pointless(each), each.point) for each in records]
    whole = [trial for trial in trials if trial.state not in FAILED and not trial.outside]
    counting = [trial for trial in whole if (trial.best(plan.goal) is not None if plan.metric else trial.state in SUCCEEDED)]
    before = store.by_ids(each.job for each in records if each.state in SUCCEEDED)
    aged = outdated(store, (job.number for job in before))
    return Standing(sweep, trials, counting, best_trial(trials, plan.goal), aged)


def at_the_same_time(store: Store, attempts: Collection[Attempt]) -> list[Attempt]:
    """All attempts, of whatever job, that ran while these did."""
    if not attempts:
        return []
    last = max(time.time() if attempt.ended is None else attempt.ended for attempt in attempts)
    return store.attempts_between(min(attempt.started for attempt in attempts), last)


def _importance(plan: SweepPlan, trials: Sequence[Trial]) -> Sequence[tuple[str, float]] | None:
    """None where there is too little to say, or no Optuna to say it."""
    if not plan.metric or len(trials) < FEWEST or not find_spec("optuna"):
        return None
    found = importance(plan.parameters, plan.goal, trials)
    return [(each.parameter.name, each.share) for each in found] if found else None
