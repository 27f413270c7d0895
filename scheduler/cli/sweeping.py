"""A sweep on the command line: how it ends, and what it would do."""

from __future__ import annotations

import sys

from scheduler.actions.sweep import Swept, budget_of, check, known_points
from scheduler.cli.driving import leaving
from scheduler.cli.options import say
from scheduler.home import Home
from scheduler.report import sweeps as report
from scheduler.report.notifications import Notifications
from scheduler.report.tables import print_json, print_table
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
        raise swept.sightings.fault(swept.results.plan.metric_place)
    return 0 if swept.all_succeeded else 1


def show_plan(plan: SweepPlan, wishes: Wishes, style: str) -> int:
    """What the sweep is, and its first points if they can be known before any result."""
    from scheduler.report.submission import planned_objects, planned_rows

    experiments = known_points(plan, wishes.seed or 0, SHOWN)
    say(report.opening(plan, (), budget_of(plan, wishes), wishes.pruner, new=True, revived=0))
    if style == "json":
        print_json(planned_objects(experiments), sys.stdout)
        return 0
    say(f"nothing was started; {'its first points' if plan.sweep.method == 'grid' else 'points like those that it tries'}:")
    print_table(planned_rows(experiments), sys.stdout)
    return 0


def check_plan(plan: SweepPlan, first: int, style: str) -> None:
    """Say that the file is right, and what it asks for, with points like those that it tries. Raises UserError if it is not."""
    from scheduler.report import overview

    found = check(plan, first)
    if style == "json":
        print_json(overview.objects(found), sys.stdout)
        return
    for sentence in report.opening(plan, (), budget_of(plan, Wishes()), Wishes().pruner, new=True, revived=0):
        show(sentence)
    searched = ", ".join(found.differing) or "nothing"
    show(f"the file is right; it searches {searched}; `exp-queue sweep {plan.path}` runs it, with points like these:")
    print_table(overview.rows(found), sys.stdout)
