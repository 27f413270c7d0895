"""`exp-queue status`: jobs and how they stand."""

from __future__ import annotations

import click

from scheduler.cli.options import format_option, opened_store, print_lines, say


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="At most so many, the newest; 0: all.")
@format_option
def status(jobs: tuple[str, ...], limit: int, style: str) -> int:
    """List jobs, the newest last. JOB: the beginning of an id, `last`, or a state such as `failed`; without JOB, all.

    \b
    exp-queue status failed --format json
    """
    from scheduler.actions.status import status as standing
    from scheduler.report.jobs import waits
    from scheduler.report.submission import impossible

    with opened_store() as store:
        found = standing(store, jobs, limit)
    print_lines(found.lines, style)
    for sentence in impossible(found.never):
        say(sentence)
    if style == "table":
        for sentence in waits(found.lines):
            say(sentence)
        for line in found.lines:
            if line.note:
                say(f"{line.job.short_id}: {line.note}")
        counts = ", ".join(f"{count} {state}" for state, count in found.counts.items())
        say(counts or "no jobs yet; `exp-queue run FILE` makes some")
    return 0
