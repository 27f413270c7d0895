"""`exp-queue sweep`: a W&B sweep file, run here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, opened_store, sharing_options, slots_option
from scheduler.cli.reading import reads_a_sweep
from scheduler.cli.sweep_options import Wishes, resource_options, wish_options
from scheduler.errors import CannotEverRun, UserError

if TYPE_CHECKING:
    from scheduler.gpus.observation import Settings
    from scheduler.sweeps.sweep import SweepPlan

_AGENT = "`exp-queue exec -- wandb agent ENTITY/PROJECT/ID` runs an agent of a server's sweep on a claimed GPU"


@click.command()
@reads_a_sweep
@slots_option
@wish_options
@resource_options
@sharing_options
@click.option("--backend", type=click.Choice(["optuna", "wandb"]), default="optuna", help="Where the sweep lives. Default: here.")
@click.option("--dry-run", is_flag=True, help="Say what the sweep is and show its first points; start nothing.")
@format_option
def sweep(plan: SweepPlan, slots: int | None, wishes: Wishes, settings: Settings, backend: str, dry_run: bool, style: str) -> int:
    """Run a W&B sweep FILE (default: sweep.yaml, else sweeps/sample.yaml) on this machine: no account, no server.

    The same command again goes on where the last one stopped. Ctrl-C once: no new trials; twice: stop those that run.

    \b
    exp-queue sweep --method bayes -j2
    exp-queue sweep sweeps/sample.yaml --count 20 optimizer=adam
    """
    from scheduler.cli.sweeping import run_sweep, show_plan
    from scheduler.runner.devices import open_devices

    if backend == "wandb":
        raise UserError("--backend wandb, sweeps of a W&B server, is not built yet", next_step=_AGENT)
    devices = open_devices(settings)
    try:
        if reason := devices.never(plan.resources):
            raise CannotEverRun(f"a trial of {plan.path} can never run here: {reason}", next_step="ask for less")
        if dry_run:
            return show_plan(plan, wishes, style)
        with opened_store() as store:
            return run_sweep(store, plan, wishes, devices, slots, style)
    finally:
        devices.close()
