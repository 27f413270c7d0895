"""`exp-queue hold` and `exp-queue release`: keep queued jobs from starting, and let them go on."""

from __future__ import annotations

import click

from scheduler.cli.options import format_option, opened_store, print_lines


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@format_option
def hold(jobs: tuple[str, ...], style: str) -> int:
    """Keep queued jobs from starting until they are released. Jobs that run or are over stay as they are."""
    from scheduler.actions import hold as action
    from scheduler.actions.results import lines

    with opened_store() as store:
        print_lines(lines(store, action.hold(store, jobs)), style)
    return 0


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@format_option
def release(jobs: tuple[str, ...], style: str) -> int:
    """Let held jobs start again, as soon as somebody runs the queue."""
    from scheduler.actions import hold as action
    from scheduler.actions.results import lines

    with opened_store() as store:
        print_lines(lines(store, action.release(store, jobs)), style)
    return 0
