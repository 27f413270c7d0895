"""`exp-queue sweep`: a W&B sweep file, run here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import (
    format_option,
    notify_option,
    opened_store,
    plain_option,
    remark_options,
    say,
    sharing_options,
    slots_option,
    trackers_option,
)
from scheduler.cli.reading import WANDB, reads_a_sweep, warn_of_what_is_missing
from scheduler.cli.start_options import cold_option, elsewhere_options
from scheduler.cli.sweep_options import resource_options, wish_options
from scheduler.errors import UserError
from scheduler.sweeps.wishes import Wishes

if TYPE_CHECKING:
    from scheduler.actions.where import Elsewhere
    from scheduler.gpus.observation import Settings
    from scheduler.runner.limit import Slots
    from scheduler.sweeps.sweep import SweepPlan


@click.command()
@reads_a_sweep
@slots_option
@wish_options
@resource_options
@remark_options
@sharing_options
@notify_option
@trackers_option
@cold_option
@elsewhere_options
@click.option("--dry-run", is_flag=True, help="Say what the sweep is and show its first points; start nothing.")
@plain_option
@format_option
def sweep(
    plan: SweepPlan,
    written: object,
    slots: Slots,
    wishes: Wishes,
    settings: Settings,
    notify: tuple[str, ...],
    backend: str,
    elsewhere: Elsewhere | None,
    dry_run: bool,
    plain: bool,
    style: str,
) -> int:
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
    from scheduler.actions.opening import working_directory
    from scheduler.actions.where import Where
    from scheduler.cli import server_sweeping
    from scheduler.cli.driving import terms_of
    from scheduler.cli.sweeping import concluded, show_plan
    from scheduler.report.notifications import notifying
    from scheduler.report.pace import at_once
    from scheduler.report.progress import Progress
    from scheduler.report.viewing import viewed
    from scheduler.runner.limit import most_of, why_most

    at_server = backend == WANDB
    if at_server:
        server_sweeping.refuse(plan, wishes)
        if elsewhere is not None:
            raise UserError("--on: the trials of a W&B server are computed on this machine", next_step="leave one of the two out")
    if elsewhere is None:
        warn_of_what_is_missing(plan)
    with Where(elsewhere, settings, slots).opened_to_sweep() as devices:
        action.refuse_impossible(plan, devices)
        if dry_run:
            devices.expect([plan])
            said = f"{at_once(most_of(slots, devices), why_most(slots, devices))}; {devices.note}"
            if at_server:
                return server_sweeping.show_plan(plan, written, wishes, said, style)
            return show_plan(plan, wishes, said, style)
        with notifying(notify, plan.path, say) as told, opened_store() as store:
            with viewed(Progress(sys.stderr), store.home, plain=plain) as tell:
                terms = told.terms(terms_of(slots))
                compute = server_sweeping.computing(written) if at_server else action.sweep
                swept = compute(store, plan, devices, working_directory(), terms, wishes, told.also(tell))
            return concluded(swept, store.home, told, style)
