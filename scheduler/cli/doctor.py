"""`exp-queue doctor`: what this machine offers, and what is in the way."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, say
from scheduler.errors import CannotEverRun, UserError
from scheduler.terminal import show

if TYPE_CHECKING:
    from scheduler.gpus.set_up import Places

IMPOSSIBLE_HERE = 3
PATIENCE = 20.0  # seconds; a driver without its persistence daemon initialises every GPU anew


@click.command()
@click.option(
    "--set-up",
    is_flag=True,
    help="As root: make the claims' folder /run/exp-queue for all users, now and at every start; says what it did.",
)
@click.option("--dry-run", is_flag=True, help="With --set-up: say what would be done.")
@format_option
def doctor(set_up: bool, dry_run: bool, style: str) -> int:
    """What this machine offers, and what is in the way: driver, GPUs, permissions, the claims' folder, disk, versions.

    The exit status is 3 if something keeps jobs from running, else 0.
    """
    if set_up:
        return _set_up(dry_run, style)
    if dry_run:
        raise UserError("--dry-run without --set-up: nothing else of `doctor` changes anything")
    from scheduler.actions.doctor import FINE, PROBLEM, diagnose
    from scheduler.gpus.sampler import read_once
    from scheduler.report import tables

    findings = diagnose(read_once(PATIENCE))
    if style == "json":
        tables.print_json([asdict(finding) for finding in findings], sys.stdout)
    else:
        rows = [{"": "" if f.state == FINE else f.state, "about": f.about, "finding": f.says} for f in findings]
        tables.print_table(rows, sys.stdout)
    return IMPOSSIBLE_HERE if any(finding.state == PROBLEM for finding in findings) else 0


def _set_up(dry_run: bool, style: str) -> int:
    from scheduler.gpus.set_up import Places, steps
    from scheduler.report import tables

    places = Places()
    if os.geteuid() != 0 and not dry_run:
        raise CannotEverRun(
            f"only root can make {places.folder} for all users", next_step=f"an administrator runs {places.by_hand}"
        )
    wanted = steps(places)
    for step in wanted:
        if not dry_run:
            step.do()
        if style != "json":
            show(step.says)
    if style == "json":
        tables.print_json([{"step": step.says, "done": not dry_run} for step in wanted], sys.stdout)
    say(_farewell(places, bool(wanted), dry_run))
    return 0


def _farewell(places: Places, wanted: bool, dry_run: bool) -> list[str]:
    notes = [f"{places.folder} is as it should be"]
    if wanted and dry_run:
        notes = ["nothing was done: that is what would be"]
    elif wanted:
        notes = ["done; commands that run already go on with the folder that they found: start them anew"]
    if places.remembered is None:
        notes.append(f"this machine has no systemd-tmpfiles: have `{places.command}` run at every start")
    return notes
