"""What is said of a sweep before it begins or goes on: what is about to be tried, how it ends, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.actions.trials import Standing
from scheduler.queue.code import Aged
from scheduler.report.hydra_outputs import announcement
from scheduler.report.objectives import aims
from scheduler.report.submission import other_code
from scheduler.report.text import number, plural
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.live_trials import Book
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.stopping.hyperband import bands
from scheduler.sweeps.stopping.rules import rule_of
from scheduler.sweeps.stopping.stopping import OPTUNA_PRUNERS
from scheduler.sweeps.sweep import SweepPlan

SHOWN_BANDS = 4


def opening(
    plan: SweepPlan,
    trials: Sequence[object] | Book,
    budget: Budget,
    pruner: str,
    *,
    new: bool,
    revived: int,
    outdated: Mapping[Aged, Sequence[int]] | None = None,
) -> list[str]:
    """What is about to be tried, in a few lines."""
    if plan.chooser:
        return _opening_elsewhere(plan, trials, budget) + announcement(plan.launch)
    what = f"{'a sweep' if new else 'the sweep goes on'}, method {plan.sweep.method}{_goal(plan)}"
    notes = [f"{plan.path}: {what}; {_end(plan, budget)}"]
    if len(trials):
        again = f", {revived} of them interrupted and tried again" if revived else ""
        notes.append(f"{plural(len(trials), 'trial')} from before{again}{other_code(outdated or {})}; --again begins anew")
    rule = rule_of(plan.sweep.early_terminate, pruner)
    if rule and plan.metric and pruner not in OPTUNA_PRUNERS:
        notes.append(_compared(rule))
    elif pruner in OPTUNA_PRUNERS:
        notes.append(f"trials that fall behind are stopped by Optuna's {pruner}")
    return notes + announcement(plan.launch)


def _opening_elsewhere(plan: SweepPlan, trials: Sequence[object] | Book, budget: Budget) -> list[str]:
    ends = _ends(plan, budget) or "until it has no more"
    notes = [f"{plan.path}: {plan.chooser} chooses its points and stops its trials{_goal(plan)}; {ends}"]
    return [*notes, f"{plural(len(trials), 'trial')} of it from before"] if len(trials) else notes


def _goal(plan: SweepPlan) -> str:
    return f", {aims(plan)}" if plan.metric else ""


def _compared(rule: EarlyTerminate) -> str:
    if rule.keep:
        return f"trials are compared after {plural(bands(rule)[0], 'row')}, and only the best {rule.keep} go on"
    shown = bands(rule)
    more = ", ..." if len(shown) > SHOWN_BANDS else ""
    rows = ", ".join(str(band) for band in shown[:SHOWN_BANDS])
    return f"trials are compared after {rows}{more} rows, and those that fall behind are stopped"


def standing(plan: SweepPlan, before: Standing) -> list[str]:
    """How many of the trials from before count, and the best of them."""
    count, total = len(before.counting), before.total
    what = f"with a value of {plan.metric}" if plan.metric else "that succeeded"
    notes = [f"{count} of {'it' if total == 1 else f'these {total}'} count{'s' * (count == 1)}: {what}, in the present space"]
    if before.best:
        value = number(before.best.best(plan.goal))
        notes.append(f"best so far: trial {before.best.number}, {plan.metric} {value}")
    return notes


def what_is_shown(plan: SweepPlan, before: Standing | None, points: int) -> str:
    """A heading for the points of a dry run."""
    if plan.sweep.method == "grid" and not points:
        return "no new trials: every point has been tried"
    if plan.sweep.method == "grid" or (before and plan.sweep.method == "random"):
        return f"its {'next' if before and before.total else 'first'} points:"
    return "points like those that it tries:"


def _ends(plan: SweepPlan, budget: Budget) -> str:
    ends = [
        f"{budget.cap} trials in all (run_cap)" if budget.cap else "",
        f"at most {budget.count} new ones (--count)" if budget.count else "",
        "until the time is up (--time)" if budget.deadline is not None else "",
        f"until {plan.metric} reaches {budget.target:g}" if budget.target is not None else "",
    ]
    return ", ".join(end for end in ends if end)


def _end(plan: SweepPlan, budget: Budget) -> str:
    if said := _ends(plan, budget):
        return said
    return "every point of the grid" if plan.sweep.method == "grid" else "without an end: Ctrl-C stops it"
