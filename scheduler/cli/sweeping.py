"""A sweep on the command line: how it ends, and what it would do."""

from __future__ import annotations

import sys

from scheduler.actions.evidence import foreseen
from scheduler.actions.opening import opened_if_there, working_directory
from scheduler.actions.sweep import Swept, budget_of, check, known_points, refuse_wrong, why_over
from scheduler.actions.trials import Standing, standing
from scheduler.cli.driving import leaving
from scheduler.cli.options import say
from scheduler.cli.reading import warn
from scheduler.errors import UserError
from scheduler.experiments import ExperimentFile
from scheduler.home import Home
from scheduler.report import sweeps as report
from scheduler.report.evidence import lines as evidence_lines
from scheduler.report.notifications import Notifications
from scheduler.report.spaces import conditions, outside
from scheduler.report.tables import print_json, print_table
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.evidence import NO_EVIDENCE, Evidence
from scheduler.sweeps.search.search import learns, learns_outside
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.wishes import Wishes
from scheduler.terminal import show

SHOWN = 5


def concluded(swept: Swept, home: Home, told: Notifications, style: str) -> int:
    """Print the results, the best first; returns the exit status. UserError where all trials were in vain."""
    if swept.results is None:
        told.over(swept.driven, ())
        return leaving(swept.driven)
    if style == "json":
        print_json(report.as_object(swept.results, swept.sightings), sys.stdout)
    else:
        print_table(report.rows(swept.results), sys.stdout)
    last_words = report.farewell(swept.results, home, interrupted=swept.driven.interrupted)
    say(last_words)
    told.over(swept.driven, last_words)
    if swept.driven.interrupted:
        return 130
    if swept.sightings.in_vain:
        raise swept.sightings.fault(swept.results.plan.metric_place, elsewhere=bool(swept.results.plan.chooser))
    return 0 if swept.all_succeeded else 1


def show_plan(plan: SweepPlan, wishes: Wishes, devices: str, style: str) -> int:
    """What the sweep is, where it stands already, and its next points if they can be known before any result. `devices`: what
    runs at once, and on what. UserError for one that could not begin."""
    from scheduler.report.submission import planned_objects, planned_rows

    before, evidence = _before(plan, wishes)
    refuse_wrong(plan, wishes)
    budget = budget_of(plan, wishes)
    over = why_over(budget, before, plan.goal)
    experiments = [] if over else known_points(plan, wishes.seed or 0, _shown(budget, before), before)
    trials = range(before.total if before else 0)
    outdated = before.outdated if before else {}
    say(report.opening(plan, trials, budget, wishes.pruner, new=before is None, revived=0, outdated=outdated))
    if before and before.total:
        strangers = outside(plan, before.trials, learns=learns_outside(plan.sweep, wishes.sampler))
        say([*strangers, *report.standing(plan, before)])
    say(evidence_lines(evidence, learns=learns(plan.sweep.method, wishes.sampler)))
    say([devices] if experiments else [])
    say(f"nothing was started; {f'no new trials: {over}' if over else report.what_is_shown(plan, before, len(experiments))}")
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
    for sentence in report.opening(plan, (), budget_of(plan, Wishes()), Wishes().pruner, new=True, revived=0):
        show(sentence)
    for sentence in conditions(plan):
        show(sentence)
    show(sweep_file.verdict(found))
    print_table(overview.rows(found), sys.stdout)
