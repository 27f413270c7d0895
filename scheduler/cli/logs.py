"""`exp-queue logs`: the output of a job."""

from __future__ import annotations

import sys

import click

from scheduler.cli.options import opened_store


@click.command()
@click.argument("job", default="last")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the job is over.")
@click.option("-n", "--lines", type=click.IntRange(min=0), help="Only the last N lines; with -f, these and what comes.")
@click.option("--raw", is_flag=True, help="The bytes as they are; control characters reach the terminal.")
@click.option("--attempt", type=click.IntRange(min=1), help="An earlier attempt; default: the latest.")
def logs(job: str, follow: bool, lines: int | None, raw: bool, attempt: int | None) -> int:
    """Print the output of a job. JOB: the beginning of an id, `last` (default), or a state such as `failed` (its newest job).

    Control characters are shown as escapes, so that no log can take over a terminal.
    """
    from scheduler.actions import logs as action
    from scheduler.queue.selection import select_single
    from scheduler.report import log_view

    out = sys.stdout.buffer
    with opened_store() as store:
        chosen = action.attempt_of(store, select_single(store, job), attempt)
        pieces = action.following(store.home, chosen, lines) if follow else action.whole(chosen, lines)
        shown = pieces if raw else log_view.shown_pieces(pieces)
        for piece in shown:
            out.write(piece)
            out.flush()
    return 0
