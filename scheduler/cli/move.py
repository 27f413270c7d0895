"""`exp-queue move`: have waiting jobs start before or after the others."""

from __future__ import annotations

import sys

import click

from scheduler.cli.options import format_option, opened_store, read_priority, say


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB... [first|last]")
@click.option("--priority", metavar="N", callback=read_priority, help="This priority; the higher starts first, 0 is usual.")
@format_option
def move(jobs: tuple[str, ...], priority: int | None, style: str) -> int:
    """Let waiting jobs start before all others that wait (first), or after them (last), or with a priority of their own.

    Those named together keep their order. Jobs that run or are over stay as they are.

    \b
    exp-queue move 3f2a first
    exp-queue move group:Baselines --priority -1
    """
    from scheduler.actions import move as action
    from scheduler.report import jobs as report
    from scheduler.report import tables

    words, where = _read(jobs, priority)
    with opened_store() as store:
        moved = action.move(store, words, where)
        if style == "json":
            tables.print_json([report.place(job) for job in moved.jobs], sys.stdout)
    say(report.moved(moved))
    return 0


def _read(jobs: tuple[str, ...], priority: int | None) -> tuple[tuple[str, ...], str | int]:
    if priority is not None:
        return jobs, priority
    from scheduler.actions.move import FIRST, LAST

    if jobs[-1] not in (FIRST, LAST) or len(jobs) == 1:
        raise click.UsageError("say where to: `exp-queue move JOB first`, `move JOB last`, or `move JOB --priority N`")
    return jobs[:-1], jobs[-1]
