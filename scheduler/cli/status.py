"""`exp-queue status`: jobs and how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import format_option, opened_store, print_lines, say, sort_option

if TYPE_CHECKING:
    from scheduler.actions.results import Sort
    from scheduler.actions.status import Status

SHOWN = 50  # jobs in a table, where nobody says how many


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--limit", type=Whole(min=0), help="So many, the newest; 0: all. Default: 50 in a table, else all.")
@sort_option("the oldest first")
@format_option
def status(jobs: tuple[str, ...], limit: int | None, sort: Sort | None, style: str) -> int:
    """List jobs, the newest last. JOB: a number, a name, the beginning of an id, a group, a file, `last`, a state such as
    `failed`, or a filter; without JOB, all.

    \b
    exp-queue status 'lr<0.01 and best.val_cer<0.2 and not tag:old'
    exp-queue status failed --format json
    exp-queue status --sort accuracy:max --limit 5
    """
    from scheduler.actions.status import status as standing

    most = (SHOWN if style == "table" else 0) if limit is None else limit  # a program that counts would count wrongly
    with opened_store(only_looks=True) as store:
        found = standing(store, jobs, most, sort)
    print_lines(found.lines, style)
    if found.unlogged:
        say(found.unlogged)
    if len(found.lines) < found.of:
        say(f"the {'best' if sort else 'newest'} {len(found.lines):,} of {found.of:,} jobs; --limit 0 shows all")
    if jobs and not found.of:
        from scheduler.queue.selection import none_of

        say(none_of(jobs))
    if found.lines:
        _say_of_jobs(found, style)
    if style == "table":
        _say_what_runs(found)
        counts = ", ".join(f"{count} {state}" for state, count in found.counts.items())
        say(counts or "no jobs yet; `exp-queue run FILE` makes some")
    return 0


def _say_of_jobs(found: Status, style: str) -> None:
    from scheduler.report.jobs import away, impossible, notes, waits
    from scheduler.report.system import idles

    for sentence in impossible(found.never):
        say(sentence)
    if style != "table":
        return
    for sentence in (*waits(found.lines), *away(found.lines), *notes(found.lines)):
        say(sentence)
    for line in found.lines:
        if (busy := found.idling.get(line.job.id)) is not None:
            say(idles(line.job.short_id, busy))


def _say_what_runs(found: Status) -> None:
    for each in found.kept:
        held = f"{each.bytes >> 20:,} MiB, which its jobs share"
        say(f"the imports of `{each.program}` are kept loaded: {held} (pid {each.pid})")
    if found.paces:
        from scheduler.report.pace import standing

        for program, allowed in found.paces:
            say(standing(program, allowed))
