"""A sweep of a W&B server on the command line: which options are the server's to decide, and what it would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from scheduler.sweeps.wishes import Wishes

if TYPE_CHECKING:
    from scheduler.actions.sweep import Swept
    from scheduler.sweeps.sweep import SweepPlan

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


def show_plan(plan: SweepPlan) -> int:
    """What would be computed; nothing is registered."""
    from scheduler.cli.options import say

    where = f"a sweep of {plan.chooser}" if plan.chooser else "it would become a sweep at the W&B server"
    say(f"{plan.path}: {where}; nothing was started, and its points are not known before the server says them")
    return 0


def computing(written: object) -> Callable[..., Swept]:
    """What computes such a sweep; it is called as that for a sweep which is decided here. A file becomes a sweep at the server
    first: what it says is `written`."""
    from scheduler.actions.server_sweep import begun
    from scheduler.cli.options import say

    return partial(begun, written, say)
