"""What cannot be asked of a sweep that a W&B server decides about, and of which server nothing is computed here."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scheduler.actions.sweep import refuse_wrong
from scheduler.errors import UserError
from scheduler.home import default_root
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.wishes import Wishes
from scheduler.tracking.local_wandb import running
from scheduler.values import dataclass
from scheduler.wandb_agent.account import account_of


@dataclass(frozen=True)
class Spelling:
    """How people write these wishes where they ask."""

    again: str
    backend: str
    here: str


COMMAND = Spelling("--again", "--backend wandb", "`exp-queue sweep FILE`")
PYTHON = Spelling("again", 'backend="wandb"', "`sweep(FILE)`")


def refuse_changes(changes: Sequence[str], spelling: Spelling) -> None:
    """The space is at the server, which knows nothing of our changes to a file; `changes`: as they were written."""
    if changes:
        what = f"{changes[0]} would change the sweep, which the W&B server has"
        raise UserError(what, next_step=f"change the file, and let {spelling.backend} make a sweep of it, or leave that out")


def refuse(plan: SweepPlan, decided: Sequence[str], wishes: Wishes, spelling: Spelling) -> None:
    """UserError for a wish about what only the server decides, and where that server is of no use here. `decided`: those of the
    wishes that are about that, as they were written."""
    if decided:
        what = f"{decided[0]} is about what the W&B server decides: which points are tried, and which trials are stopped early"
        raise UserError(what, next_step=f"leave it out, or leave out the server: then {spelling.here} decides here")
    if wishes.again and plan.chooser:
        next_step = f"leave out {spelling.again}; FILE with {spelling.backend} makes a new one"
        raise UserError(f"{plan.path} is at the W&B server, and is not begun anew from here", next_step=next_step)
    _refuse_own_server(spelling)
    if not plan.chooser:
        _refuse_wrong_file(plan)


def _refuse_wrong_file(plan: SweepPlan) -> None:
    """One from which no sweep could be: a server may take it nevertheless, and have no point for anybody."""
    try:
        refuse_wrong(plan, Wishes())
    except UserError as error:  # its way out would be an option, and the server hears of none
        raise UserError(error.what, where=error.where, next_step="change the file: the W&B server gets it as it is") from None


def _refuse_own_server(spelling: Spelling) -> None:
    """That of this very queue: it claims a GPU for each run, and so would we."""
    own = running(default_root())
    if own and own.url == account_of(os.environ).url:
        what = f"the W&B server at {own.url} is this queue's own, which claims a GPU for each run already"
        next_step = f"{spelling.here} runs a sweep here without it; `wandb agent` computes those that it has"
        raise UserError(what, next_step=next_step)
