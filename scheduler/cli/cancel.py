"""`exp-queue cancel`: take jobs out of the queue, stop those that run."""

from __future__ import annotations

import click

from scheduler.cli.options import (
    format_option,
    grace_option,
    opened_store,
    print_lines,
    say,
)


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@grace_option
@format_option
def cancel(jobs: tuple[str, ...], grace: float | None, style: str) -> int:
    """Cancel queued jobs and stop running ones: politely first (SIGINT), then SIGTERM, then SIGKILL. Waits until they are gone.

    JOB: the beginning of an id, a group, a file, `last`, or a state such as `queued` or `running`.

    \b
    exp-queue cancel running --grace 2m
    """
    from scheduler.actions.cancel import cancel_all
    from scheduler.actions.results import lines
    from scheduler.queue.selection import select

    with opened_store() as store:
        chosen = select(store, jobs)
        unstoppable = cancel_all(store, chosen, say, grace)
        print_lines(lines(store, store.by_ids(job.id for job in chosen)), style)
        for attempt in unstoppable:
            say(f"{attempt.job[:8]} still runs and its launcher is gone; to stop it: kill -TERM -- -{attempt.pid}")
    return 1 if unstoppable else 0
