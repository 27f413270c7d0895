"""`exp-queue import`: what other programs have logged, as jobs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, opened_store, say
from scheduler.terminal import show

if TYPE_CHECKING:
    from scheduler.wandb_server.importing import Imported


@click.command("import")
@click.argument("kind", type=click.Choice(["wandb"]), metavar="wandb")
@click.argument("places", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR...")
@format_option
def bring_in(kind: str, places: tuple[Path, ...], style: str) -> int:
    """Make jobs of runs that W&B's client has logged offline, without a server and without a network: they are over, and stand in
    `status`, `compare`, `curves`, `report` and `ui` with all that they have logged and saved. The folders stay as they are.

    DIR is a folder wandb/, one run's folder in it, or a .wandb file. What is there already is passed over.

    \b
    exp-queue import wandb wandb/
    exp-queue import wandb /mnt/cluster/*/wandb/offline-run-*
    """
    from scheduler.report.tables import print_json
    from scheduler.wandb_server.importing import import_runs

    counts: dict[str, int] = {}
    found = []
    with opened_store() as store:
        for each in import_runs(store, places):
            counts[each.became] = counts.get(each.became, 0) + 1
            found.append(_object(each))
            if style == "table":
                _tell(each)
    if style == "json":
        print_json(found, sys.stdout)
    say("; ".join(f"{count} {what}" for what, count in counts.items()))
    return 0


def _object(each: Imported) -> dict[str, object]:
    return {
        "run": str(each.run),
        "job": each.job.id,
        "name": each.job.name,
        "state": each.job.state.value,
        "became": each.became,
        "notes": list(each.notes),
        "files": [str(path) for path in each.paths],
    }


def _tell(each: Imported) -> None:
    show(f"{each.job.short_id}  {each.job.name}  {each.job.state}  {each.run}  {each.became}")
    for note in each.notes:
        say(f"{each.run}: {note}")
