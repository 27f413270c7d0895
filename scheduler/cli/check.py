"""`exp-queue check`: is a file right, how many experiments does it make, and what differs between them?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from scheduler.cli.numbers import Whole
from scheduler.cli.options import format_option
from scheduler.cli.reading import reads_either, warn
from scheduler.experiments import ExperimentFile
from scheduler.terminal import show

if TYPE_CHECKING:
    from scheduler.sweeps.sweep import SweepPlan


def _print_schema(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked:
        from scheduler.experiments.schema import schema
        from scheduler.report.tables import print_json

        print_json(schema(), sys.stdout)
        context.exit()


@click.command("check", short_help="Is a file right, and what does it ask for?")
@reads_either
@click.option("--first", type=Whole(min=0), default=5, show_default=True, metavar="N", help="Show the first N.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of experiments files, for editors; needs no FILE.",
)
@format_option
def check(plan: ExperimentFile | SweepPlan, listed: ExperimentFile | None, first: int, style: str) -> Any:
    """Say whether FILE is right, how many experiments it makes, and what differs between them. Nothing is started.

    Where a program that FILE names is not there, it says so. Of a sweep it says what is searched and how it is started, and shows
    its first points; of one that draws them or learns, points like those that `exp-queue sweep` tries.

    \b
    exp-queue check experiments/sample.yaml
    exp-queue check --schema > experiment_file.schema.json
    """
    from scheduler.actions import check as action
    from scheduler.report import overview, tables
    from scheduler.report.hydra_outputs import announcement

    if not isinstance(plan, ExperimentFile):
        from scheduler.cli.sweep_plans import check_plan

        return check_plan(plan, listed, first, style)
    found = action.check(plan, first)
    warn(found.path, tuple(map(str, found.missing)))
    if style == "json":
        tables.print_json(overview.objects(found), sys.stdout)
        return None
    for sentence in [overview.sentence(found), *announcement(plan.launch)]:
        show(sentence)
    if found.first:
        tables.print_table(overview.rows(found), sys.stdout)
    return None
