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
    from scheduler.actions.explain import never_here
    from scheduler.queue.selection import select
    from scheduler.report.jobs import lines
    from scheduler.report.submission import impossible

    with opened_store() as store:
        chosen = select(store, jobs) if jobs else store.jobs(limit=limit or -1, newest=True)[::-1]
        chosen = chosen[-limit:] if limit else chosen
        never = never_here(chosen)
        found = lines(store, chosen, never)
        print_lines(found, style)
        for sentence in impossible(never):
            say(sentence)
        if style == "table":
            for line in found:
                if line.note:
                    say(f"{line.job.short_id}: {line.note}")
            counts = ", ".join(f"{count} {state}" for state, count in store.counts().items())
            say(counts or "no jobs yet; `exp-queue run FILE` makes some")
    return 0
