"""A sweep of a W&B server on the command line: how it is named, and which options are the server's to decide."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from scheduler.errors import UserError
from scheduler.sweeps.wishes import Wishes

if TYPE_CHECKING:
    from scheduler.actions.drive import Tell, Terms
    from scheduler.actions.sweep import Swept
    from scheduler.experiments.command.launch import Asked
    from scheduler.experiments.document.limits import Limits
    from scheduler.queue.store import Store
    from scheduler.runner.devices import Devices
    from scheduler.sweeps.sweep import SweepPlan
    from scheduler.wandb_agent.plan import ServerPlan

_WHOLE = re.compile(r"[^/\s=]+/[^/\s=]+/[A-Za-z0-9_-]+")
_LESS = re.compile(r"([^/\s=]+/)?[A-Za-z0-9_-]+")  # where --backend says that it is at a server
_DECIDED = {
    "pruner": "--pruner",
    "sampler": "--sampler",
    "seed": "--seed",
    "evidence": "--from",
    "optuna_journal": "--optuna-journal",
}


def is_at_a_server(word: str, backend: str) -> bool:
    """Whether the word names a sweep of a server, and no file."""
    matches = _WHOLE.fullmatch(word) or (backend == "wandb" and _LESS.fullmatch(word))
    return bool(matches) and not Path(word).exists()


def plan_at_the_server(name: str, asked: Asked, limits: Limits) -> ServerPlan:
    """What is known of the sweep there. UserError where there is none, or nobody answers."""
    from scheduler.actions.server_sweep import joined

    return joined(name, asked, limits)


def refuse_changes(overrides: Sequence[str], method: str | None) -> None:
    """The space is at the server, which knows nothing of our command line."""
    if overrides or method:
        what = f"{overrides[0] if overrides else '--method'} would change the sweep, which the W&B server has"
        raise UserError(what, next_step="change the file, and let --backend wandb make a sweep of it, or leave that out")


def refuse(plan: SweepPlan, wishes: Wishes) -> None:
    """UserError for an option about what only the server decides, and where that server is of no use here."""
    _refuse_decisions(plan, wishes)
    _refuse_own_server()


def _refuse_decisions(plan: SweepPlan, wishes: Wishes) -> None:
    given = click.get_current_context().get_parameter_source
    for name, option in _DECIDED.items():
        if given(name) is ParameterSource.COMMANDLINE:
            what = f"{option} is about what the W&B server decides: which points are tried, and which trials are stopped early"
            raise UserError(what, next_step="leave it out, or leave out the server: then `exp-queue sweep FILE` decides here")
    if wishes.again and plan.chooser:
        next_step = "leave out --again; FILE with --backend wandb makes a new one"
        raise UserError(f"{plan.path} is at the W&B server, and is not begun anew from here", next_step=next_step)


def _refuse_own_server() -> None:
    """That of this very queue: it claims a GPU for each run, and so would we."""
    from scheduler.home import default_root
    from scheduler.tracking.local_wandb import running
    from scheduler.wandb_agent.account import account_of

    own = running(default_root())
    if own and own.url == account_of(os.environ).url:
        what = f"the W&B server at {own.url} is this queue's own, which claims a GPU for each run already"
        next_step = "`exp-queue sweep FILE` runs a sweep here without it; `wandb agent` computes those that it has"
        raise UserError(what, next_step=next_step)


def show_plan(plan: SweepPlan) -> int:
    """What would be computed; nothing is registered."""
    from scheduler.cli.options import say

    where = f"a sweep of {plan.chooser}" if plan.chooser else "it would become a sweep at the W&B server"
    say(f"{plan.path}: {where}; nothing was started, and its points are not known before the server says them")
    return 0


def sweep(store: Store, plan: SweepPlan, devices: Devices, directory: str, terms: Terms, wishes: Wishes, tell: Tell) -> Swept:
    """As for a sweep that is decided here. A file becomes a sweep at the server first."""
    from scheduler.actions import server_sweep
    from scheduler.cli.options import say
    from scheduler.wandb_agent.plan import ServerPlan

    at_server = plan if isinstance(plan, ServerPlan) else None
    at_server = at_server or server_sweep.registered(store, plan, directory, say, again=wishes.again)
    return server_sweep.sweep(store, at_server, devices, directory, terms, wishes, tell)
