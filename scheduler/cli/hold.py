"""`exp-queue hold` and `exp-queue release`: keep queued jobs from starting, and let them go on."""

from __future__ import annotations

import click

from scheduler.cli.options import format_option, opened_store, print_lines


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@format_option
def hold(jobs: tuple[str, ...], style: str) -> int:
    """Keep queued jobs from starting until they are released. Jobs that run or are over stay as they are."""
    return _move(jobs, "queued", "held", style)


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@format_option
def release(jobs: tuple[str, ...], style: str) -> int:
    """Let held jobs start again, as soon as somebody runs the queue."""
    return _move(jobs, "held", "queued", style)


def _move(words: tuple[str, ...], before: str, after: str, style: str) -> int:
    from scheduler.queue.selection import select
    from scheduler.queue.states import State
    from scheduler.report.jobs import lines

    with opened_store() as store:
        chosen = select(store, words)
        with store.change() as change:
            for job in chosen:
                if change.state(job.id) is State(before):
                    change.move(job.id, State(after), "by a person")
        print_lines(lines(store, store.by_ids(job.id for job in chosen)), style)
    return 0
