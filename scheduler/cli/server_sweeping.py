"""A sweep of a W&B server on the command line: which options are the server's to decide, and what it would do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from scheduler.sweeps.wishes import Wishes

if TYPE_CHECKING:
    from scheduler.actions.sweep import Swept
    from scheduler.sweeps.sweep import SweepPlan

SHOWN = 5  # points of a dry run
_DECIDED = {
    "pruner": "--pruner",
    "sampler": "--sampler",
    "seed": "--seed",
    "evidence": "--from",
    "optuna_journal": "--optuna-journal",
}


def refuse_changes(overrides: Sequence[str], method: str | None) -> None:
    """The space is at the server, which knows nothing of our command line."""
    from scheduler.actions import server_wishes

    server_wishes.refuse_changes([*overrides, *(["--method"] if method else [])], server_wishes.COMMAND)


def refuse(plan: SweepPlan, wishes: Wishes) -> None:
    """UserError for an option about what only the server decides, and where that server is of no use here."""
    from scheduler.actions import server_wishes

    given = click.get_current_context().get_parameter_source
    decided = [option for name, option in _DECIDED.items() if given(name) is ParameterSource.COMMANDLINE]
    server_wishes.refuse(plan, decided, wishes, server_wishes.COMMAND)


def show_plan(plan: SweepPlan, wishes: Wishes, offer: str, style: str, *, written: object) -> int:
    """What would be computed, with points such as the server may send; it is not told of it. `offer`: how many run at once, and
    on what; `written`: what the file says. UserError without a key."""
    from scheduler.actions.opening import opened_if_there, working_directory
    from scheduler.actions.server_sweep import foreseen as looked_ahead
    from scheduler.actions.sweep import budget_of, known_points
    from scheduler.cli.options import say
    from scheduler.report import foreseen, sweep_opening
    from scheduler.report.submission import planned_objects, planned_rows
    from scheduler.report.tables import print_json, print_table
    from scheduler.sweeps.stopping.rules import SERVER

    with opened_if_there(say) as store:
        found = looked_ahead(store, plan, written, working_directory(), again=wishes.again)
    budget = replace(budget_of(plan, wishes), cap=None, target=None)
    say(sweep_opening.opening(found.plan, range(found.trials), budget, SERVER, new=not found.trials, revived=0))
    say([offer, *foreseen.lines(found, asked=bool(plan.chooser))])
    experiments = known_points(found.plan, 0, SHOWN)
    if style == "json":
        print_json(planned_objects(experiments), sys.stdout)
    else:
        print_table(planned_rows(experiments), sys.stdout)
    return 0


def computing(written: object) -> Callable[..., Swept]:
    """What computes such a sweep; it is called as that for a sweep which is decided here. A file becomes a sweep at the server
    first: what it says is `written`."""
    from scheduler.actions.server_sweep import begun
    from scheduler.cli.options import say

    return partial(begun, written, say)
