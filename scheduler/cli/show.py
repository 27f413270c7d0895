"""`exp-queue show`: everything about one job."""

from __future__ import annotations

import sys

import click

from scheduler.cli.options import format_option, opened_store


@click.command()
@click.argument("job", default="last")
@format_option
def show(job: str, style: str) -> int:
    """Everything about one job: its configuration, command, attempts and results.

    JOB: a number, a name, the beginning of an id, `last` (default), or a group, a file, a state or a filter (the newest of it).
    """
    from scheduler.actions.show import show as everything
    from scheduler.queue.selection import select_single
    from scheduler.report import details, tables

    with opened_store() as store:
        found = details.details(everything(store, select_single(store, job)))
    if style == "json":
        tables.print_json([found], sys.stdout)
    else:
        details.print_details(found, sys.stdout)
    return 0
