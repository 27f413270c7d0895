"""`exp-queue retry`, `resume` and `work`: run jobs that are in the queue already."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import (
    failures_option,
    format_option,
    grace_option,
    notify_option,
    opened_store,
    plain_option,
    print_lines,
    say,
    sharing_options,
    slots_option,
    trackers_option,
)
from scheduler.cli.start_options import cold_option, elsewhere_options

if TYPE_CHECKING:
    from scheduler.actions.where import Elsewhere, Where
    from scheduler.gpus.observation import Settings
    from scheduler.queue.store import Store
    from scheduler.report.notifications import Notifications
    from scheduler.runner.limit import Slots


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@slots_option
@grace_option
@failures_option
@cold_option
@elsewhere_options
@sharing_options
@notify_option
@trackers_option
@click.option("--lost", is_flag=True, help="Also jobs whose outcome is unknown.")
@plain_option
@format_option
def retry(
    jobs: tuple[str, ...],
    slots: Slots,
    grace: float | None,
    max_failures: float | None,
    settings: Settings,
    notify: tuple[str, ...],
    elsewhere: Elsewhere | None,
    lost: bool,
    plain: bool,
    style: str,
) -> int:
    """Run jobs again that failed, timed out or were cancelled, and those still queued.

    Trials that W&B's agents ran are offered to the next agent, and not waited for.

    JOB: a number, a name, the beginning of an id, `last`, a state, or a filter.

    \b
    exp-queue retry failed -j2
    exp-queue retry 'failed and lr<0.01'
    exp-queue retry failed --on slurm -j20
    """
    from scheduler.actions.retry import retry as run_again
    from scheduler.actions.where import Where
    from scheduler.cli.driving import concluded, terms_of
    from scheduler.queue.selection import none_of
    from scheduler.report.notifications import notifying
    from scheduler.report.progress import Progress
    from scheduler.report.viewing import viewed

    progress, where = Progress(sys.stderr), Where(elsewhere, settings, slots)
    with notifying(notify, "retry", say) as told, opened_store() as store:
        terms = told.terms(terms_of(where.slots, grace, max_failures))
        with viewed(progress, store.home, plain=plain) as tell:
            driven = run_again(store, jobs, where, terms, told.also(tell), lost=lost)
        if driven is None:
            say(f"{none_of(jobs)}: nothing to run again")
        if driven is None or not driven.jobs:  # or trials that agents are to run: what becomes of them is said
            print_lines((), style)
            return 0
        return concluded(driven, store, progress, told, style, by_file=True)


@click.command()
@slots_option
@grace_option
@failures_option
@cold_option
@elsewhere_options
@sharing_options
@notify_option
@trackers_option
@click.option("--forever", is_flag=True, help="Do not end when the queue is empty: run what is submitted later, until a Ctrl-C.")
@plain_option
@format_option
def work(
    slots: Slots,
    grace: float | None,
    max_failures: float | None,
    settings: Settings,
    notify: tuple[str, ...],
    elsewhere: Elsewhere | None,
    forever: bool,
    plain: bool,
    style: str,
) -> int:
    """Run everything that is queued, whoever queued it and from wherever.

    \b
    exp-queue work --forever -j2
    exp-queue work --on ssh:ada,babbage
    """
    from scheduler.actions.where import Where
    from scheduler.report.notifications import notifying

    where = Where(elsewhere, settings, slots)
    with notifying(notify, "work", say) as told, opened_store() as store:
        return _work(store, where, told, style, grace=grace, max_failures=max_failures, forever=forever, plain=plain)


@click.command()
@slots_option
@grace_option
@failures_option
@cold_option
@sharing_options
@notify_option
@trackers_option
@plain_option
@format_option
def resume(
    slots: Slots,
    grace: float | None,
    max_failures: float | None,
    settings: Settings,
    notify: tuple[str, ...],
    plain: bool,
    style: str,
) -> int:
    """Go on after an interruption, a crash or a reboot.

    Runs what is queued, what was cancelled, and what was lost but can resume.
    """
    from scheduler.actions.where import Where
    from scheduler.queue.submit import ask_for_interrupted
    from scheduler.report.notifications import notifying

    where = Where(None, settings, slots)
    with notifying(notify, "resume", say) as told, opened_store() as store:
        left_alone = ask_for_interrupted(store)
        if left_alone:
            say(f"{left_alone} with unknown outcome stay as they are; `exp-queue retry lost --lost` runs them again")
        return _work(store, where, told, style, grace=grace, max_failures=max_failures, forever=False, plain=plain)


def _work(
    store: Store,
    where: Where,
    told: Notifications,
    style: str,
    *,
    grace: float | None,
    max_failures: float | None,
    forever: bool,
    plain: bool,
) -> int:
    from scheduler.actions.work import work as run_all
    from scheduler.cli.driving import concluded, terms_of
    from scheduler.report.progress import Progress
    from scheduler.report.viewing import viewed

    progress, terms = Progress(sys.stderr), told.terms(terms_of(where.slots, grace, max_failures))
    with viewed(progress, store.home, plain=plain) as tell:
        driven = run_all(store, where, terms, told.also(tell), forever=forever)
    return concluded(driven, store, progress, told, style, by_file=False)
