"""`exp-queue sweep`: a W&B sweep file, run here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, remark_options
from scheduler.cli.reading import WANDB, reads_a_sweep, warn_of_what_is_missing
from scheduler.cli.start_options import how_options
from scheduler.cli.sweep_options import resource_options, wish_options
from scheduler.errors import UserError
from scheduler.sweeps.wishes import Wishes

if TYPE_CHECKING:
    from scheduler.actions.sweep import Swept
    from scheduler.cli.start_options import How
    from scheduler.runner.devices import Devices
    from scheduler.runner.limit import Slots
    from scheduler.sweeps.sweep import SweepPlan


@click.command()
@reads_a_sweep
@how_options
@wish_options
@resource_options
@remark_options
@click.option("--dry-run", is_flag=True, help="Say what the sweep is and show its first points; start nothing.")
@format_option
def sweep(plan: SweepPlan, written: object, how: How, wishes: Wishes, backend: str, dry_run: bool, style: str) -> int:
    """Run a W&B sweep FILE (default: sweep.yaml, else sweeps/sample.yaml) on this machine: no account, no server.

    The same command again goes on where the last one stopped. Ctrl-C once: no new trials; twice: stop those that run.

    ENTITY/PROJECT/ID is a sweep of a W&B server, which chooses and stops its trials; FILE with --backend wandb becomes one.

    \b
    exp-queue sweep --method bayes -j2
    exp-queue sweep sweeps/sample.yaml --count 20 optimizer=adam
    exp-queue sweep search.yaml "lr=tag(log, interval(1e-5, 1e-2))" "+seed=choice(1,2)"
    exp-queue sweep me/digits/k3v0x1ab
    """
    from scheduler.actions import sweep as action
    from scheduler.cli import server_sweeping

    at_server, where = backend == WANDB, how.where()
    if at_server:
        server_sweeping.refuse(plan, wishes)
        if how.elsewhere is not None:
            raise UserError("--on: the trials of a W&B server are computed on this machine", next_step="leave one of the two out")
    if how.elsewhere is None:
        warn_of_what_is_missing(plan)
    with where.opened_to_sweep() as devices:
        action.refuse_impossible(plan, devices)
        if dry_run:
            show = partial(server_sweeping.show_plan, written=written) if at_server else _show_plan
            return show(plan, wishes, _offer(plan, where.slots, devices), style)
        compute = server_sweeping.computing(written) if at_server else action.sweep
        return _swept(compute, plan, how, wishes, devices, style)


def _swept(compute: Callable[..., Swept], plan: SweepPlan, how: How, wishes: Wishes, devices: Devices, style: str) -> int:
    from scheduler.actions.opening import working_directory
    from scheduler.cli.driving import sitting
    from scheduler.cli.sweeping import concluded

    directory = working_directory()
    with sitting(how, plan.path) as here:
        swept = here.drive(lambda store, terms, tell: compute(store, plan, devices, directory, terms, wishes, tell))
        return concluded(swept, here, style)


def _show_plan(plan: SweepPlan, wishes: Wishes, offer: str, style: str) -> int:
    from scheduler.cli.sweep_plans import show_plan

    return show_plan(plan, wishes, offer, style)


def _offer(plan: SweepPlan, slots: Slots, devices: Devices) -> str:
    """How many trials would run at once, and on what."""
    from scheduler.report.pace import at_once
    from scheduler.runner.limit import most_of, why_most

    devices.expect([plan])
    return f"{at_once(most_of(slots, devices), why_most(slots, devices))}; {devices.note}"
