"""`exp-queue curves`: what jobs have logged, drawn in the terminal."""

from __future__ import annotations

import shutil
import sys

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import opened_store, rows_option, say

DRAWN = 12  # curves of a chart: as many as there are colours
HEIGHT = 18


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option(
    "-m", "--metric", "metrics", multiple=True, metavar="NAME", help="Default: the objective, or the first. Repeatable."
)
@click.option("--x", "x", default="step", show_default=True, metavar="step|time|epoch", help="Or any other metric.")
@click.option(
    "--smooth",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    metavar="WEIGHT",
    help="A moving average with this weight, from 0 to below 1.",
)
@click.option("--log", is_flag=True, help="A logarithmic y axis.")
@click.option("--width", type=Whole(min=30), help="Columns. Default: those of the terminal.")
@click.option("--height", type=Whole(min=6), default=HEIGHT, show_default=True, help="Lines of each chart.")
@rows_option
def curves(
    jobs: tuple[str, ...],
    metrics: tuple[str, ...],
    x: str,
    smooth: float,
    log: bool,
    width: int | None,
    height: int,
    style: str,
) -> int:
    """Draw what jobs have logged, several in one chart, the best first. JOB as for `status`; default: last.

    \b
    exp-queue curves mine.yaml -m loss -m val_loss --log
    exp-queue curves group:Baselines -m val_loss --x time --smooth 0.9
    exp-queue curves last --format csv > points.csv
    """
    from scheduler.actions.curves import curves as action
    from scheduler.queue.selection import none_of
    from scheduler.report import curves as report
    from scheduler.report import tables

    words = jobs or ("last",)
    with opened_store(only_looks=True) as store:
        found = action(store, words, metrics, x=x, smooth=smooth, limit=DRAWN if style == "table" else 0)
    if not found.of:
        say(none_of(words))
    elif style != "table":
        tables.print_rows(report.objects(found) if style == "json" else report.rows(found), style, sys.stdout)
    else:
        columns = width or (shutil.get_terminal_size().columns if sys.stdout.isatty() else 80)
        report.print_charts(found, sys.stdout, columns, height, log=log)
        if found.of > DRAWN:
            say(f"the best {DRAWN} of {found.of:,} jobs; name fewer, or take --format csv")
    return 0
