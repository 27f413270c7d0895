"""What is said of a sweep that has several objectives."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.actions.trials import Results
from scheduler.queue.job import Job
from scheduler.report.text import number
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.sweep import SweepPlan

FRONT = 8  # trials of the front that a sentence tells


def aims(plan: SweepPlan) -> str:
    """Which metric is to be what: `loss to be minimized`, and of several objectives all."""
    return " and ".join(f"{name} to be {goal}d" for name, goal in zip(plan.metrics, plan.sweep.goals, strict=True))


def objectives(plan: SweepPlan) -> list[tuple[str, str]]:
    """The names of all with their goals."""
    return list(zip(plan.metrics, plan.sweep.goals, strict=True)) if plan.metric else []


def beside(found: Results, entry: Entry) -> dict[str, float | None]:
    """The other objectives of a trial, by name."""
    values = found.outcomes.get(entry.record.number)
    return {each.name: values[place] if values else None for place, each in enumerate(found.plan.sweep.beside, 1)}


def reached(plan: SweepPlan, book: Book, job: Job) -> str:
    """Its best value of the metric, `loss 0.3`, of several objectives the values of one row; "" where it has logged none, or is
    no trial."""
    if job.id not in book or not plan.metric:
        return ""
    trial = book[job.id].trial
    best = trial.best(plan.goal)
    values = trial.outcome(plan.goal) if plan.sweep.beside else () if best is None else (best,)
    return _named(plan, values) if values else ""


def by_which(found: Results) -> str:
    """What is said after "best" where there are several objectives."""
    return f" by {found.plan.metric}" if found.plan.sweep.beside else ""


def front_line(found: Results) -> str:
    """The trials of the front with their values, the first FRONT of them."""
    told = [f"trial {each} ({_named(found.plan, found.outcomes[each])})" for each in found.front[:FRONT]]
    more = f", and {len(found.front) - FRONT} more" if len(found.front) > FRONT else ""
    return f"beaten by none in all objectives (the front): {', '.join(told)}{more}"


def _named(plan: SweepPlan, values: Sequence[float]) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in zip(plan.metrics, values, strict=True))
