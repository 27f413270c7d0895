"""`exp-queue retry`, `resume` and `work`: run jobs that are in the queue already."""

from __future__ import annotations

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
    from scheduler.gpus.observation import Settings


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
    from scheduler.cli.driving import drive
    from scheduler.queue.selection import select
    from scheduler.queue.submit import ask_again
    from scheduler.runner.devices import open_devices

    with opened_store() as store:
        chosen = ask_again(store, select(store, jobs), lost=lost)
        if not chosen:
            say("no such jobs: nothing to run again")
            return 0
        devices = open_devices(settings)
        try:
            return drive(store, chosen, devices, slots, style, grace, max_failures=max_failures)
        finally:
            devices.close()


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
    from scheduler.cli.driving import drive_everything
    from scheduler.runner.devices import open_devices

    devices = open_devices(settings)
    try:
        with opened_store() as store:
            return drive_everything(store, devices, slots, style, grace, forever=forever, max_failures=max_failures)
    finally:
        devices.close()


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
    from scheduler.cli.driving import drive_everything
    from scheduler.queue.submit import ask_for_interrupted
    from scheduler.runner.devices import open_devices

    devices = open_devices(settings)
    try:
        with opened_store() as store:
            left_alone = ask_for_interrupted(store)
            if left_alone:
                say(f"{left_alone} with unknown outcome stay as they are; `exp-queue retry lost --lost` runs them again")
            return drive_everything(store, devices, slots, style, grace, forever=False, max_failures=max_failures)
    finally:
        devices.close()
