"""`exp-queue logs`: the output of a job."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import opened_store, say


@click.command()
@click.argument("job", default="last")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the job is over.")
@click.option("-n", "--lines", type=Whole(min=0), help="Only the last N lines, as written; with -f, these and what comes.")
@click.option("--raw", is_flag=True, help="The bytes as they are; control characters reach the terminal.")
@click.option("--attempt", type=Whole(min=1), help="An earlier attempt; default: the latest.")
def logs(job: str, follow: bool, lines: int | None, raw: bool, attempt: int | None) -> int:
    """Print the output of a job. JOB: a number, a name, the beginning of an id, `last` (default), or a group, a file, a state
    or a filter (the newest of it).

    A progress bar is shown as a terminal shows it; other control characters are shown as escapes, so that no log can take over a
    terminal.
    """
    from scheduler.actions import logs as action
    from scheduler.queue.selection import select_single

    out = sys.stdout.buffer
    with opened_store(only_looks=True) as store:  # not while somebody reads: that may take hours
        named = select_single(store, job)
        chosen = action.attempt_of(store, named, attempt)
    pieces = action.following(store.home, chosen, lines) if follow else action.whole(chosen, lines)
    size = 0
    for piece in pieces if raw else _shown(pieces, follow=follow):
        size += out.write(piece)
        out.flush()
    if not size and lines != 0:
        say(f"job {named.short_id} has printed nothing; `exp-queue show {named.short_id}` shows what else is known of it")
    return 0


def _shown(pieces: Iterator[bytes], *, follow: bool) -> Iterator[bytes]:
    from scheduler.report import log_view

    if not follow:
        return log_view.shown(pieces)
    return log_view.live(pieces, shutil.get_terminal_size()) if sys.stdout.isatty() else log_view.followed(pieces)
