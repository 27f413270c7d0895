"""`exp-queue pause` and `exp-queue continue`: let jobs that run stand still for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, opened_store, print_lines, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scheduler.actions.pause import Rested
    from scheduler.queue.job import Job
    from scheduler.queue.store import Store


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@format_option
def pause(jobs: tuple[str, ...], style: str) -> int:
    """Stop jobs that run where they are (SIGSTOP to all their processes), until `continue`. They keep their slots, their memory
    and their GPUs; no time-out counts meanwhile. Without JOB, those of this directory. `hold` is for queued jobs.

    \b
    exp-queue pause running
    """
    from scheduler.actions import pause as action

    with opened_store() as store:
        chosen = _chosen(store, jobs, "running")
        done = action.pause(store, chosen)
        return _tell(store, chosen, done, "paused", style)


@click.command("continue")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@format_option
def go_on(jobs: tuple[str, ...], style: str) -> int:
    """Let paused jobs go on, also after their runner has ended. Without JOB, those of this directory.

    \b
    exp-queue continue paused
    """
    from scheduler.actions import pause as action

    with opened_store() as store:
        chosen = _chosen(store, jobs, "paused")
        done = action.go_on(store, chosen)
        return _tell(store, chosen, done, "continued", style)


def _chosen(store: Store, words: tuple[str, ...], otherwise: str) -> Sequence[Job]:
    from scheduler.queue.selection import here, none_of, select

    if words:
        found = select(store, words)
    else:
        mine = here().also("state IN ('starting', 'running', 'stopping')")
        found = store.jobs(mine.where, mine.parameters)
    if not found:
        say(none_of(words) if words else f"no job of this directory runs; `{otherwise}` names those of all directories")
    return found


def _tell(store: Store, chosen: Sequence[Job], done: Rested, verb: str, style: str) -> int:
    """The exit status: 1 where a job that was named runs, or may start, although it was not reached."""
    from scheduler.actions.results import lines

    print_lines(lines(store, store.by_ids(done.reached)), style)
    if chosen:
        say(f"{len(done.reached)} {verb}")
    for job, why in done.refused.items():
        say(f"{job[:8]} is not {verb}: {why}")
    if done.waiting and verb == "paused":
        say(f"{len(done.waiting)} have not started: `exp-queue hold` keeps queued jobs from starting")
    return 1 if done.refused or (done.waiting and verb == "paused" and not done.reached) else 0
