"""`exp-queue retry`, `resume` and `work`: run jobs that are in the queue already."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import (
    failures_option,
    format_option,
    grace_option,
    opened_store,
    say,
    sharing_options,
    slots_option,
)

if TYPE_CHECKING:
    from scheduler.actions.drive import Terms
    from scheduler.gpus.observation import Settings
    from scheduler.queue.store import Store
    from scheduler.runner.devices import Devices


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@slots_option
@grace_option
@failures_option
@sharing_options
@click.option("--lost", is_flag=True, help="Also jobs whose outcome is unknown.")
@format_option
def retry(
    jobs: tuple[str, ...],
    slots: int | None,
    grace: float | None,
    max_failures: float | None,
    settings: Settings,
    lost: bool,
    style: str,
) -> int:
    """Run jobs again that failed, timed out or were cancelled, and those still queued.

    JOB: the beginning of an id, `last`, or a state.

    \b
    exp-queue retry failed -j2
    """
    from scheduler.actions.drive import Terms
    from scheduler.actions.retry import retry as run_again
    from scheduler.cli.driving import concluded
    from scheduler.queue.selection import none_of
    from scheduler.report.progress import Progress

    progress = Progress(sys.stderr)
    with opened_store() as store:
        driven = run_again(store, jobs, settings, Terms(slots, grace, max_failures), progress.tell, lost=lost)
        if driven is None:
            say(f"{none_of(jobs)}: nothing to run again")
            return 0
        return concluded(driven, store, progress, style, by_file=True)


@click.command()
@slots_option
@grace_option
@failures_option
@sharing_options
@click.option("--forever", is_flag=True, help="Do not end when the queue is empty: run what is submitted later, until a Ctrl-C.")
@format_option
def work(
    slots: int | None,
    grace: float | None,
    max_failures: float | None,
    settings: Settings,
    forever: bool,
    style: str,
) -> int:
    """Run everything that is queued, whoever queued it and from wherever.

    \b
    exp-queue work --forever -j2
    """
    from scheduler.actions.drive import Terms
    from scheduler.actions.opening import opened_devices

    with opened_devices(settings) as devices, opened_store() as store:
        return _work(store, devices, Terms(slots, grace, max_failures), style, forever=forever)


@click.command()
@slots_option
@grace_option
@failures_option
@sharing_options
@format_option
def resume(
    slots: int | None,
    grace: float | None,
    max_failures: float | None,
    settings: Settings,
    style: str,
) -> int:
    """Go on after an interruption, a crash or a reboot.

    Runs what is queued, what was cancelled, and what was lost but can resume.
    """
    from scheduler.actions.drive import Terms
    from scheduler.actions.opening import opened_devices
    from scheduler.queue.submit import ask_for_interrupted

    with opened_devices(settings) as devices, opened_store() as store:
        left_alone = ask_for_interrupted(store)
        if left_alone:
            say(f"{left_alone} with unknown outcome stay as they are; `exp-queue retry lost --lost` runs them again")
        return _work(store, devices, Terms(slots, grace, max_failures), style, forever=False)


def _work(store: Store, devices: Devices, terms: Terms, style: str, *, forever: bool) -> int:
    from scheduler.actions.drive import drive_everything
    from scheduler.cli.driving import concluded
    from scheduler.report.progress import Progress

    progress = Progress(sys.stderr)
    driven = drive_everything(store, devices, terms, progress.tell, forever=forever)
    return concluded(driven, store, progress, style, by_file=False)
