"""`exp-queue show`: everything about one job."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scheduler.cli.options import format_option, opened_store
from scheduler.errors import UserError

if TYPE_CHECKING:
    from scheduler.queue.job import Job
    from scheduler.queue.origins import Origin
    from scheduler.queue.store import Store


@click.command()
@click.argument("job", default="last")
@click.option("--patch", is_flag=True, help="Print what its latest attempt ran that was not committed, for `git apply`.")
@click.option("--packages", is_flag=True, help="Print the packages that its latest attempt had, as name==version.")
@format_option
def show(job: str, patch: bool, packages: bool, style: str) -> int:
    """Everything about one job: its configuration, command, attempts and results, and where these come from.

    JOB: a number, a name, the beginning of an id, `last` (default), or a group, a file, a state or a filter (the newest of it).
    """
    from scheduler.actions.show import show as everything
    from scheduler.queue.selection import select_single
    from scheduler.report import details, tables

    if patch and packages:
        raise click.UsageError("--patch and --packages are two things: ask for one")
    with opened_store(only_looks=True) as store:
        chosen = select_single(store, job)
        if patch or packages:
            origin = _origin(store, chosen)
            return _print_patch(chosen, origin) if patch else _print_packages(chosen, origin)
        found = details.details(everything(store, chosen))
    if style == "json":
        tables.print_json([found], sys.stdout)
    else:
        details.print_details(found, sys.stdout)
    return 0


def _origin(store: Store, job: Job) -> Origin:
    from scheduler.queue.origin_rows import origin_of

    attempt = store.latest_attempts([job]).get(job.id)
    found = origin_of(store, attempt) if attempt else None
    if found is None:
        what = "has not run yet" if attempt is None else "ran before exp-queue kept where attempts come from"
        raise UserError(f"job {job.short_id} {what}", next_step=f"`exp-queue show {job.short_id}` shows what is known of it")
    return found


def _print_patch(job: Job, origin: Origin) -> int:
    """As it is where a program reads it; a terminal gets it without what would steer it."""
    from scheduler.terminal import show as print_line

    if origin.checkout is None:
        raise UserError(f"job {job.short_id} ran outside of any git checkout", next_step="`git init` and a commit change that")
    if origin.checkout.missing:
        raise UserError(f"the patch of job {job.short_id} was not kept: {origin.checkout.missing}", next_step="commit more often")
    if sys.stdout.isatty():
        for line in origin.checkout.diff.decode(errors="replace").splitlines():
            print_line(line.replace("\t", "    "))
    else:
        sys.stdout.buffer.write(origin.checkout.diff)
    return 0


def _print_packages(job: Job, origin: Origin) -> int:
    from scheduler.terminal import show as print_line

    if origin.interpreter is None:
        why = f"it ran on {origin.host or 'another machine'}" if not origin.kernel else "its command names none"
        raise UserError(f"no Python is known of job {job.short_id}", next_step=why)
    for package in origin.interpreter.packages:
        print_line(package)
    return 0
