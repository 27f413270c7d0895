"""A sweep file with method grid, as a list of experiments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from scheduler.errors import Place, UserError
from scheduler.experiments.asks import Policy, Ranking, Resources
from scheduler.experiments.command import doubts, hydra_program
from scheduler.experiments.command import launch as launching
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.configurations.configurations import Axis
from scheduler.experiments.configurations.overrides import Edit, parse
from scheduler.experiments.configurations.unfolding import refuse_interval
from scheduler.experiments.document.document import Document
from scheduler.experiments.experiment_file import ExperimentFile
from scheduler.experiments.grid.entries import CHECKED
from scheduler.experiments.grid.matrix import Block
from scheduler.goals import MINIMIZE
from scheduler.sweeps.files.changes import changed
from scheduler.sweeps.files.commands import sections, template
from scheduler.sweeps.files.remarks import remarks
from scheduler.sweeps.files.sweep_file import Sweep, read_sweep
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import Axes, arms
from scheduler.sweeps.space.distributions import GRID, Parameter, grid_count


def grid_list(document: Document, overrides: Sequence[str], asked: Asked) -> ExperimentFile:
    """Raises UserError with file, line and column for whatever is wrong, and for a sweep that is no grid."""
    sweep = read_sweep(document)
    if sweep.method != "grid":
        why = "chooses each trial by the results of others, which a list of experiments cannot"
        if sweep.method == "random":
            why = "draws trials without end, which is no list of experiments"
        what = f"this is a sweep file, and method {sweep.method} {why}"
        next_step = f"`exp-queue sweep {document.file}` runs it; for a list, write method: grid"
        raise document.error(what, "method", next_step=next_step)
    return _grid(document, sweep, parse(overrides, document.limits), asked)


def _grid(document: Document, sweep: Sweep, edits: list[Edit], asked: Asked) -> ExperimentFile:
    top = sections(document)
    blocks = _blocks(document, sweep, edits)
    command = template(document, top, asked)
    launch = launching.launch(document, top, command, asked, hands_on=True)
    configurations = (config for block in blocks for config in block.configurations())
    made = islice(configurations, min(CHECKED, sweep.run_cap or CHECKED))
    launching.refuse_unknown_values(document, top, launch, asked, made)
    return ExperimentFile(
        path=document.file,
        group=None,
        command=command,
        launch=launch,
        resources=Resources(),
        policy=Policy(objective=_objective(sweep)),
        blocks=blocks,
        cap=sweep.run_cap,
        notes=(
            *_notes(sweep),
            *remarks(document, sweep, command, own_program=asked.program is None),
            *hydra_program.warnings(launch),
            *doubts.notes(command),
        ),
        sweep=name_of(document),
    ).within(document.limits)


def _objective(sweep: Sweep) -> Ranking | None:
    """What ranks its experiments: without a goal W&B minimizes."""
    return Ranking(str(sweep.metric["name"]), str(sweep.metric.get("goal", MINIMIZE))) if sweep.metric else None


def name_of(document: Document) -> str:
    """What a sweep file calls itself, else the name of the file."""
    given = document.value.get("name") if isinstance(document.value, dict) else None
    return str(given or Path(document.file).stem)


def _notes(sweep: Sweep) -> tuple[str, ...]:
    if sweep.early_terminate is None:
        return ()
    return ("early_terminate is not followed here: every experiment runs to its end; `exp-queue sweep` follows it",)


def _blocks(document: Document, sweep: Sweep, edits: list[Edit]) -> tuple[Block, ...]:
    for edit in edits:
        refuse_interval(edit)
    parameters = changed(sweep.parameters, edits)
    for parameter in parameters:
        _refuse_endless(document, parameter)
        _refuse_enormous(document, parameter)
    found = tuple(islice(arms(parameters), document.limits.experiments + 1))
    return tuple(Block({}, tuple(_axes(parameters, axes))) for axes in found)


def _axes(parameters: Sequence[Parameter], axes: Axes) -> Iterator[Axis]:
    for parameter, values in zip(parameters, axes, strict=True):
        if values != (ABSENT,):
            yield Axis(parameter.path, values)


def _refuse_endless(document: Document, parameter: Parameter) -> None:
    if parameter.distribution.name not in GRID:
        where = [key for name in parameter.path for key in ("parameters", name)]
        what = f'a grid cannot enumerate "{parameter.name}", which is distributed as {parameter.distribution.name}'
        raise document.error(what, *where, next_step="list its values, or give whole bounds, or q_uniform with a step")


def _refuse_enormous(document: Document, parameter: Parameter) -> None:
    """A single range may be too large to be written out, whatever an override or `run_cap` would leave of it."""
    count = grid_count(parameter.distribution)
    if count > document.limits.experiments:
        fault = document.limits.too_many_experiments(count)
        raise UserError(fault.what, where=Place(document.file), next_step=fault.next_step)
