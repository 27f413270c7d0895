"""`exp-queue export`: results and curves for other programs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from scheduler.cli.options import opened_store, say
from scheduler.errors import UserError

ENDINGS = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
FORMATS = ("csv", "json", "jsonl", "parquet", "tensorboard", "wandb")


@click.command()
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--format", "style", type=click.Choice(FORMATS), help="Default: as -o ends, else csv.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PATH", help="A file, or a folder. Default: to the screen."
)
@click.option("--curves", is_flag=True, help="A row for each point of each curve, not for each job.")
@click.option("--force", is_flag=True, help="Replace what an earlier export has left there.")
def export(jobs: tuple[str, ...], style: str | None, output: Path | None, curves: bool, force: bool) -> int:
    """Write what came out of jobs for other programs. JOB as for `status`; without JOB, all.

    csv, json, jsonl and parquet have a row for each job (parameters, last values, extremes, state, times), with --curves for each
    point. tensorboard and wandb are folders of curves, one for each job, for `tensorboard --logdir` and for `wandb sync`.

    \b
    exp-queue export mine.yaml > results.csv
    exp-queue export group:Baselines --curves -o curves.parquet
    exp-queue export done --format tensorboard -o events
    """
    chosen = style or (ENDINGS.get(output.suffix.lower()) if output else None) or "csv"
    if output is not None and str(output) != "-":
        return _write(jobs, chosen, output, curves=curves, force=force)
    from scheduler.actions import export as action
    from scheduler.terminal import data

    if chosen not in action.TEXTS:
        kind = "a folder" if chosen in action.FOLDERS else "a file"
        raise UserError(f"--format {chosen} makes {kind}, and nobody says where", next_step="name it with -o")
    with opened_store(only_looks=True) as store:
        everyone = action.chosen(store, jobs)
        data(action.texts(store, everyone, chosen, curves=curves), sys.stdout)
    if not everyone:
        from scheduler.queue.selection import none_of

        say(none_of(jobs))
    return 0


def _write(jobs: tuple[str, ...], style: str, output: Path, *, curves: bool, force: bool) -> int:
    from scheduler.actions import export as action
    from scheduler.report.text import plural

    with opened_store(only_looks=True) as store:
        found = action.export(store, jobs, style, output, curves=curves, force=force)
    say(f"{plural(found.jobs, 'job')} in {found.path}")
    place = shlex.quote(str(found.path))
    if style == "tensorboard":
        say(f"look at them: tensorboard --logdir {place}")
    if style == "wandb":
        say(f"send them: wandb sync {place}/*/wandb/offline-run-*")
    return 0
