"""`exp-queue wait`: until jobs are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, opened_store, print_lines, read_pause, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scheduler.queue.job import Job
    from scheduler.queue.store import Store

IN_VAIN = 3


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--any", "first", is_flag=True, help="Until the first of those that are not over is.")
@click.option(
    "--timeout",
    metavar="TIME",
    callback=lambda context, parameter, text: None if text is None else read_pause("--timeout", text),
    help="Not longer than that, e.g. 2h; then the exit status is 3, and the jobs go on.",
)
@format_option
def wait(jobs: tuple[str, ...], first: bool, timeout: float | None, style: str) -> int:
    """Wait until jobs are over, whoever runs them. Without JOB, those of this directory that are not over.

    Exit status: 0 all succeeded, 1 some did not, 2 nothing to wait for, 3 the time-out is over, 130 Ctrl-C.

    \b
    exp-queue wait group:Sample && python plot.py
    """
    from scheduler.actions.results import lines
    from scheduler.actions.wait import wait_for
    from scheduler.queue.states import SUCCEEDED

    with opened_store() as store:
        chosen = _chosen(store, jobs)
        in_time, ended = True, [job.number for job in chosen]
        try:
            found = wait_for(store, chosen, timeout, first=first, say=say)
            ended = found if first and found else ended
        except TimeoutError as error:
            in_time = False
            say(str(error))
        over = store.by_numbers(ended)
        print_lines(lines(store, over), style)
    if not in_time:
        return IN_VAIN
    return 0 if all(job.state in SUCCEEDED for job in over) else 1


def _chosen(store: Store, words: tuple[str, ...]) -> Sequence[Job]:
    from scheduler.errors import UserError
    from scheduler.queue.selection import here, none_of, select

    mine = here().also("state IN ('queued', 'held', 'starting', 'running', 'stopping')")
    found = select(store, words) if words else store.jobs(mine.where, mine.parameters)
    if not found:
        what = none_of(words) if words else "no job of this directory is queued or runs"
        raise UserError(f"{what}: nothing to wait for", next_step="`exp-queue status` lists all jobs")
    return found
