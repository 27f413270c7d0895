"""`exp-queue logs`: the output of a job."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import click

from scheduler.cli.options import opened_store


@click.command()
@click.argument("job", default="last")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the job is over.")
@click.option("--raw", is_flag=True, help="The bytes as they are; control characters reach the terminal.")
@click.option("--attempt", type=click.IntRange(min=1), help="An earlier attempt; default: the latest.")
def logs(job: str, follow: bool, raw: bool, attempt: int | None) -> int:
    """Print the output of a job. JOB: the beginning of an id, `last` (default), or a state such as `failed` (its newest job).

    A progress bar is shown as a terminal shows it; other control characters are shown as escapes, so that no log can take over a
    terminal.
    """
    from scheduler.actions import logs as action
    from scheduler.queue.selection import select_single

    out = sys.stdout.buffer
    with opened_store() as store:
        chosen = action.attempt_of(store, select_single(store, job), attempt)
        pieces = action.following(store.home, chosen) if follow else action.whole(chosen)
        for piece in pieces if raw else _shown(pieces, follow=follow):
            out.write(piece)
            out.flush()
    return 0


def _shown(pieces: Iterator[bytes], *, follow: bool) -> Iterator[bytes]:
    from scheduler.report import log_view

    if not follow:
        return log_view.shown_pieces(pieces)
    return log_view.live(pieces, shutil.get_terminal_size()) if sys.stdout.isatty() else log_view.followed(pieces)
