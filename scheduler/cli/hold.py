"""`exp-queue hold` and `exp-queue release`: keep queued jobs from starting, and let them go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, list_option, opened_store, print_changed

if TYPE_CHECKING:
    from scheduler.actions.hold import Moved
    from scheduler.queue.store import Store


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@list_option
@format_option
def hold(jobs: tuple[str, ...], every: bool, style: str) -> int:
    """Keep queued jobs from starting until they are released. Jobs that run or are over stay as they are; `pause` is for those
    that run."""
    from scheduler.actions import hold as action

    with opened_store() as store:
        _tell(store, action.hold(store, jobs, every=every or style == "json"), jobs, "held", style)
    return 0


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@list_option
@format_option
def release(jobs: tuple[str, ...], every: bool, style: str) -> int:
    """Let held jobs start again, as soon as somebody runs the queue."""
    from scheduler.actions import hold as action

    with opened_store() as store:
        _tell(store, action.release(store, jobs, every=every or style == "json"), jobs, "released", style)
    return 0


def _tell(store: Store, moved: Moved, words: tuple[str, ...], verb: str, style: str) -> None:
    print_changed(store, moved.jobs, words, f"{moved.moved:,} of {moved.named:,} job{'s' * (moved.named != 1)} {verb}", style)
