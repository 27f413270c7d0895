"""`exp-queue compare`, `exp-queue best`: what came out, side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import opened_store, rows_option, say, sort_option, split
from scheduler.errors import UserError

if TYPE_CHECKING:
    from scheduler.actions.compare import Comparison, Means
    from scheduler.actions.results import Sort

SHOWN = 50  # rows of a table, where nobody says how many


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--diff", is_flag=True, help="Only what differs: parameters, command, code, environment, results.")
@sort_option("that of the objective, at its best")
@click.option("--columns", callback=split, metavar="A,B,...", help="These columns, e.g. lr,best.val_loss,max.accuracy,duration.")
@click.option("--group-by", "by", callback=split, multiple=True, metavar="SEED,...", help="Means over jobs equal but for these.")
@click.option("--limit", type=Whole(min=0), help="So many of the best jobs, or groups; 0: all. Default: 50 in a table, else all.")
@rows_option
def compare(
    jobs: tuple[str, ...],
    diff: bool,
    sort: Sort | None,
    columns: tuple[str, ...],
    by: tuple[str, ...],
    limit: int | None,
    style: str,
) -> int:
    """Put jobs side by side, the best first: what differs in their parameters, and what came out. JOB as for `status`.

    A column is a parameter, a metric (its last value), best.METRIC, min., max., first., last., best_at. (the step), or one of
    step, duration, state, group, gpu, gpu_model, commit, command, started, directory and others.

    \b
    exp-queue compare mine.yaml --diff
    exp-queue compare failed done --columns lr,best.val_loss,duration --sort best.val_loss
    exp-queue compare group:Baselines --group-by seed
    """
    from scheduler.actions import compare as action

    if by and diff:
        raise UserError("--diff and --group-by ask for two different tables", next_step="leave one of them out")
    most = (SHOWN if style == "table" else 0) if limit is None else limit
    with opened_store(only_looks=True) as store:
        if by:
            return _print_means(action.means(store, jobs, by, columns=columns, sort=sort, limit=most), style, jobs)
        found = action.compare(store, jobs, columns=columns, sort=sort, only_different=diff, limit=most)
    return _print(found, style, jobs)


def _print(found: Comparison, style: str, words: Sequence[str]) -> int:
    from scheduler.report import comparison, tables

    if style != "table":
        rows = comparison.objects(found) if style == "json" else comparison.flat_rows(found)
        tables.print_rows(rows, style, sys.stdout)
    elif found.rows:
        tables.print_table(comparison.table(found), sys.stdout, comparison.layout(found.columns))
    if not found.of:
        say(_none(words))
    if len(found.rows) < found.of:
        say(f"the best {len(found.rows):,} of {found.of:,} jobs; --limit 0 shows all")
    say(comparison.about_goals(found.guessed, found.vocabulary))
    if sentence := comparison.nothing_differs(found):
        say(sentence)
    return 0


def _print_means(found: Means, style: str, words: Sequence[str]) -> int:
    from scheduler.report import comparison, tables

    if style != "table":
        tables.print_rows(comparison.objects_of_means(found), style, sys.stdout)
    elif found.rows:
        tables.print_table(comparison.table_of_means(found), sys.stdout, comparison.layout(found.columns))
    if len(found.rows) < found.of:
        say(f"the best {len(found.rows):,} of {found.of:,} groups; --limit 0 shows all")
    say(comparison.about_means(found) if found.rows else _none(words))
    return 0


def _metric(context: click.Context, option: click.Parameter, text: str | None) -> Sort | None:
    if text is None:
        return None
    from scheduler.actions.results import Sort

    return Sort.read(text)


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("-m", "--metric", metavar="METRIC[:max|min]", callback=_metric, help="Default: the objective of the jobs.")
@click.option("-n", "count", type=Whole(min=1), default=1, show_default=True, help="So many, the best first.")
@rows_option
def best(jobs: tuple[str, ...], metric: Sort | None, count: int, style: str) -> int:
    """The best jobs: their parameters, checkpoints and directories. JOB as for `status`; without JOB, of all.

    Exit status 1 if there is none.

    \b
    exp-queue best mine.yaml
    exp-queue best group:Baselines -m val_acc:max -n 3
    """
    from scheduler.actions.best import best as action
    from scheduler.report import best as report
    from scheduler.report import tables
    from scheduler.terminal import show

    with opened_store(only_looks=True) as store:
        found = action(store, jobs, metric, count)
    if style != "table":
        tables.print_rows(report.objects(found) if style == "json" else report.rows(found), style, sys.stdout)
    for line in report.lines(found) if style == "table" else ():
        show(line)
    say(report.go_on(found) if found.winners else report.none(found) if found.of else _none(jobs))
    return 0 if found.winners else 1


def _none(words: Sequence[str]) -> str:
    from scheduler.queue.selection import MAKE, none_of

    return none_of(words) if words else f"{none_of(words)}; {MAKE}"
