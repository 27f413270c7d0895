"""`exp-queue report`: what came out, in one file that opens in any browser."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scheduler.cli.options import format_option, opened_store, say


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    help="Where; - is standard output.",
)
@click.option("--title", help="Default: what the jobs were named by.")
@click.option(
    "--notes",
    type=click.Path(path_type=Path),
    metavar="FILE.md",
    help="Your own words above the views, in Markdown with formulas; views may stand between them.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@format_option
def report(jobs: tuple[str, ...], output: Path, title: str | None, notes: Path | None, force: bool, style: str) -> int:
    """Write a page about jobs into one file, to look at and to send: it opens from a disk, without a network. JOB as for
    `status`; without JOB, all.

    \b
    exp-queue report group:Baselines -o baselines.html
    exp-queue report sweep.yaml --title "Which rate?" --notes notes.md
    """
    from scheduler.report.long_work import advancing
    from scheduler.report.tables import print_json
    from scheduler.report.text import plural
    from scheduler.terminal import data
    from scheduler.web import report as action

    with opened_store(only_looks=True) as store, advancing() as tell:
        if str(output) == "-":
            page = action.made(store, jobs, title=title, notes=notes, tell=tell)
            data([page.html], sys.stdout)
            return 0
        found = action.write(store, jobs, output, title=title, notes=notes, force=force, tell=tell)
    if style == "json":
        print_json({"path": str(found.path.resolve()), "runs": found.runs, "bytes": found.size}, sys.stdout)
    else:
        say(f"{plural(found.runs, 'run')} in {found.path}, {found.size / 1e6:.1f} MB")
    return 0
