"""`exp-queue gpus`: how the GPUs of this machine stand."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, say, sharing_options
from scheduler.terminal import clear, show

if TYPE_CHECKING:
    from scheduler.gpus.observation import Settings


@click.command()
@click.option("--watch", is_flag=True, help="Go on, once a second, until Ctrl-C; with --format json one line each time.")
@sharing_options
@format_option
def gpus(watch: bool, settings: Settings, style: str) -> int:
    """The GPUs: memory, use, temperature, power, who holds claims, whose processes are there, and whether a job could
    start there now.

    "not ours" are processes without a claim. Memory in MiB.
    """
    from scheduler.actions.gpus import jobs_on, paused_claims, standing_now
    from scheduler.gpus.directory import lock_directory
    from scheduler.report import gpus as report
    from scheduler.report import tables

    directory = lock_directory()
    if watch:
        return _watch(settings, style)
    standings = standing_now(settings, say)
    names = report.names_of(jobs_on(standings))
    if style == "json":
        tables.print_json(report.objects(standings, names), sys.stdout)
    elif standings:
        tables.print_table(report.rows(standings, paused_claims(), names), sys.stdout)
        say(f"claims: {directory}")
    return 0


def _watch(settings: Settings, style: str) -> int:
    from scheduler.actions import gpus as action
    from scheduler.report import gpus as report
    from scheduler.report import tables

    for standings in action.watch(settings, say):
        names = report.names_of(action.jobs_on(standings))
        if style == "json":
            show(json.dumps(report.objects(standings, names)))
        else:
            clear()
            tables.print_table(report.rows(standings, action.paused_claims(), names), sys.stdout)
        sys.stdout.flush()
    return 0
