"""A sweep on the command line before it begins: what its file asks for, and what the sweep would do."""

from __future__ import annotations

import sys

from scheduler.actions.evidence import foreseen
from scheduler.actions.opening import opened_if_there, working_directory
from scheduler.actions.sweep import budget_of, check, known_points, refuse_wrong, why_over
from scheduler.actions.trials import Standing, standing
from scheduler.cli.options import say
from scheduler.cli.reading import warn
from scheduler.errors import UserError
from scheduler.experiments import ExperimentFile
from scheduler.report import sweep_opening
from scheduler.report.evidence import lines as evidence_lines
from scheduler.report.spaces import conditions, outside
from scheduler.report.tables import print_json, print_table
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.evidence import NO_EVIDENCE, Evidence
from scheduler.sweeps.search.search import learns, learns_outside
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.wishes import Wishes
from scheduler.terminal import show

SHOWN = 5


def show_plan(plan: SweepPlan, wishes: Wishes, offer: str, style: str) -> int:
    """What the sweep is, where it stands already, and its next points if they can be known before any result. `offer`: how
    many run at once, and on what. UserError for one that could not begin."""
    from scheduler.report.submission import planned_objects, planned_rows

    before, evidence = _before(plan, wishes)
    refuse_wrong(plan, wishes)
    budget = budget_of(plan, wishes)
    over = why_over(budget, before, plan.goal)
    experiments = [] if over else known_points(plan, wishes.seed or 0, _shown(budget, before), before)
    trials = range(before.total if before else 0)
    outdated = before.outdated if before else {}
    say(sweep_opening.opening(plan, trials, budget, wishes.pruner, new=before is None, revived=0, outdated=outdated))
    if before and before.total:
        strangers = outside(plan, before.trials, learns=learns_outside(plan.sweep, wishes.sampler))
        say([*strangers, *sweep_opening.standing(plan, before)])
    say(evidence_lines(evidence, learns=learns(plan.sweep.method, wishes.sampler)))
    say([offer] if experiments else [])
    said = f"no new trials: {over}" if over else sweep_opening.what_is_shown(plan, before, len(experiments))
    say(f"nothing was started; {said}")
    if style == "json":
        print_json(planned_objects(experiments), sys.stdout)
    else:
        print_table(planned_rows(experiments), sys.stdout)
    return 0


def _before(plan: SweepPlan, wishes: Wishes) -> tuple[Standing | None, Evidence]:
    """Where the sweep stands that this command would go on with, and what it would learn from. UserError as for the sweep."""
    with opened_if_there(say) as store:
        if not store and wishes.evidence:
            raise UserError("--from: there is no sweep yet", next_step="`exp-queue sweep FILE` begins one")
        if not store:
            return None, NO_EVIDENCE
        before = None if wishes.again else standing(store, plan, working_directory())
        return before, foreseen(store, plan, working_directory(), wishes)


def _shown(budget: Budget, before: Standing | None) -> int:
    """So many points at most, and none beyond what the sweep would try."""
    left = budget.cap - (before.total if before else 0) if budget.cap is not None else SHOWN
    return min(SHOWN, left, SHOWN if budget.count is None else budget.count)


def check_plan(plan: SweepPlan, listed: ExperimentFile | None, first: int, style: str) -> None:
    """Say that the file is right, and what it asks for, with points like those that it tries. Raises UserError if it is not.
    `listed`: of a grid, the same as a list of experiments."""
    from scheduler.report import overview, sweep_file

    found = check(plan, first, listed)
    warn(plan.path, tuple(map(str, found.missing)))
    if style == "json":
        print_json(sweep_file.as_object(found, plan), sys.stdout)
        return
    for sentence in sweep_opening.opening(plan, (), budget_of(plan, Wishes()), Wishes().pruner, new=True, revived=0):
        show(sentence)
    for sentence in conditions(plan):
        show(sentence)
    show(sweep_file.verdict(found))
    print_table(overview.rows(found), sys.stdout)
