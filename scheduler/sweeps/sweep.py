"""A sweep ready to run: its file with the changes of the command line, and how a point becomes an experiment."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Any

from scheduler.errors import EmptyFile, Note, Place, UserError
from scheduler.experiments import Experiment, Policy, Resources, SlurmWishes
from scheduler.experiments.command import doubts, hydra_program
from scheduler.experiments.command import launch as launching
from scheduler.experiments.command.command import Launch
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.configurations.configurations import Config, put
from scheduler.experiments.configurations.overrides import parse
from scheduler.experiments.document.document import Document, open_document
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.remarks import NOTHING, Remarks
from scheduler.goals import MINIMIZE
from scheduler.sweeps.files.changes import changed
from scheduler.sweeps.files.commands import sections, template
from scheduler.sweeps.files.grid_list import name_of
from scheduler.sweeps.files.kinds import is_sweep
from scheduler.sweeps.files.remarks import remarks
from scheduler.sweeps.files.sweep_file import Sweep, read_sweep
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import Parameter
from scheduler.sweeps.space.points import named as named_values
from scheduler.sweeps.space.points import placed
from scheduler.sweeps.stopping.hyperband import strictness
from scheduler.sweeps.stopping.last_row import last_rows
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass

STANDARD = ("sweep.yaml", "sweeps/sample.yaml")  # what `exp-queue sweep` runs when no file is named


@dataclass(frozen=True)
class SweepPlan:
    """A sweep file that holds no error any more. `sweep` has the method and the changes of the command line in it."""

    path: str
    name: str
    sweep: Sweep
    command: tuple[str, ...]
    launch: Launch
    resources: Resources = field(default_factory=Resources)
    policy: Policy = field(default_factory=Policy)
    notes: tuple[Note, ...] = ()
    metric_place: Place | None = None  # of its name
    stopping_place: Place | None = None  # of early_terminate
    remarks: Remarks = NOTHING  # what a person says of its trials

    @property
    def launches(self) -> tuple[Launch, ...]:
        """The command of its trials, as a list of experiments has several."""
        return (self.launch,)

    @property
    def slurm(self) -> SlurmWishes:
        """W&B's files say nothing of a cluster."""
        return SlurmWishes()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.sweep.parameters

    @property
    def metric(self) -> str | None:
        return str(self.sweep.metric["name"]) if self.sweep.metric else None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of all objectives, the first one first."""
        return (self.metric, *(each.name for each in self.sweep.beside)) if self.metric else ()

    @property
    def goal(self) -> str:
        return str((self.sweep.metric or {}).get("goal", MINIMIZE))

    @property
    def target(self) -> float | None:
        found = (self.sweep.metric or {}).get("target")
        return float(found) if isinstance(found, (int, float)) else None

    @property
    def needs_metric(self) -> bool:
        """Whether the sweep can choose, compare or end as its file says only by the values of its metric."""
        return self.sweep.method == "bayes" or self.sweep.early_terminate is not None or self.target is not None

    @property
    def chooser(self) -> str:
        """Who chooses its points and stops its trials, where that is not done here."""
        return ""

    def nested(self, values: Sequence[object]) -> Config:
        """The configuration of a point: each of its values at its place."""
        config: Config = {}
        for parameter, value in zip(self.parameters, values, strict=True):
            if value is not ABSENT:
                config = put(config, parameter.path, value)
        return config

    def experiment(self, values: Sequence[object]) -> Experiment:
        """What to run at a point."""
        arguments = json.dumps(self.nested(values))
        # The name is a group for people to find the trials by; W&B passes no such argument.
        return Experiment(self.command, arguments, self.name, self.resources, self.policy, self.launch, passes_group=False)

    def last_rows(self, values: Sequence[object]) -> frozenset[int]:
        """After how many rows a trial at this point may be over by itself; see `stopping.last_row`."""
        rule = self.sweep.early_terminate
        return last_rows(self.nested(values), self.command, rule.max_iter if rule else None)

    def point(self, values: Sequence[object]) -> dict[str, object]:
        """The point as it is remembered: by name, so that the space may change later."""
        return named_values(self.parameters, values)

    def placed(self, trial: Trial, point: Mapping[str, Any]) -> Trial:
        """The trial at the point that is remembered of it, wherever that lies in the present space."""
        found = placed(self.parameters, point)
        return replace(trial, values=found.values, outside=found.outside)

    def key(self, cwd: str) -> str:
        """Two sweeps with one key are the same sweep: trials of one are results for the other.

        The method, the space and the caps may differ: file, working directory, command and metric may not.
        """
        return _digest([*self._whereabouts(cwd), self.metric, self.goal, *self._beside])

    def kin(self, cwd: str) -> str:
        """The same but for the metric: trials of one have run as those of the other do."""
        return _digest(self._whereabouts(cwd))

    @property
    def _beside(self) -> list[object]:
        return [[each.name, each.goal] for each in self.sweep.beside]

    def _whereabouts(self, cwd: str) -> list[object]:
        return [os.path.realpath(self.path), os.path.realpath(cwd), list(self.command)]

    def remembered(self, cwd: str, pruner: str) -> str:
        """What this sweep does, as JSON: kept with it, so that it can be shown and its trials explained without its file; see
        `sweeps.recalled`."""
        rule = self.sweep.early_terminate
        kept = {"method": self.sweep.method, "metric": self.metric, "goal": self.goal, "pruner": pruner, "kin": self.kin(cwd)}
        space = [_remembered(each) for each in self.parameters]
        return json.dumps({**kept, "early_terminate": asdict(rule) if rule else None, "space": space, "beside": self._beside})


def _remembered(each: Parameter) -> list[object]:
    when = [asdict(condition) for condition in each.when]
    return [list(each.path), each.distribution.name, dict(each.distribution.fields), *([when] if when else [])]


def _digest(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def standard_file() -> str:
    """The file that is meant when none is named. UserError if there is none."""
    for name in STANDARD:
        if Path(name).is_file():
            return name
    looked = " nor ".join(STANDARD)
    raise UserError(f"no sweep file was named, and neither {looked} is here", next_step="write exp-queue sweep FILE")


def read_plan(
    path: str, overrides: Sequence[str] = (), asked: Asked = launching.ASKED, limits: Limits = DEFAULT, method: str | None = None
) -> SweepPlan:
    """Read and check a sweep file. `overrides` fix, add (`+`) or remove (`~`) parameters; `method` replaces the file's own.

    Raises UserError with file, line and column for whatever is wrong.
    """
    return plan_of(open_sweep_file(path, limits), overrides, asked, limits, method)


def open_sweep_file(path: str, limits: Limits = DEFAULT) -> Document:
    """As `open_document`; of an empty file it is said what a sweep is."""
    try:
        return open_document(path, limits)
    except EmptyFile as error:
        next_step = 'write "program:", "method:", "metric:" and "parameters:"'
        raise UserError(error.what, where=error.where, next_step=next_step) from None


def plan_of(
    document: Document, overrides: Sequence[str], asked: Asked, limits: Limits = DEFAULT, method: str | None = None
) -> SweepPlan:
    """The same for a file that is open already."""
    path = document.file
    if not is_sweep(document):
        if not isinstance(document.value, dict):
            raise UserError("this is no sweep file", where=Place(path), next_step='it begins with "method:" and "parameters:"')
        next_step = f'`exp-queue run {path}` runs it; `exp-queue sweep` takes files with "method:" and "parameters:"'
        raise UserError("this is an experiments file, no sweep file", where=Place(path), next_step=next_step)
    written = read_sweep(document)
    sweep = replace(written, method=method or written.method, parameters=_changed(written.parameters, overrides, limits))
    if sweep.method == "bayes" and not sweep.metric:
        raise document.error("method bayes needs a metric", next_step='add "metric: {name: val_loss, goal: minimize}"')
    top = sections(document)
    command = template(document, top, asked)
    launch = launching.launch(document, top, command, asked, hands_on=True)
    plan = SweepPlan(
        path=document.file,
        name=name_of(document),
        sweep=sweep,
        command=command,
        launch=launch,
        notes=(
            *_notes(sweep),
            *remarks(document, sweep, command, own_program=asked.program is None),
            *hydra_program.warnings(launch),
            *doubts.notes(command),
        ),
        metric_place=_place_of_metric(document) if sweep.metric else None,
        stopping_place=document.place("early_terminate", key=True) if sweep.early_terminate else None,
    )
    launching.refuse_unknown_values(document, top, launch, asked, [plan.nested([None] * len(sweep.parameters))])
    return plan


def _place_of_metric(document: Document) -> Place:
    several = isinstance(document.value, dict) and "metrics" in document.value
    return document.place("metrics", 0, "name") if several else document.place("metric", "name")


def _notes(sweep: Sweep) -> tuple[str, ...]:
    if sweep.early_terminate is None or not sweep.metric:  # without a metric it is an error, unless nothing is to be stopped
        return ()
    return tuple(note for note in (strictness(sweep.early_terminate), _by_the_first(sweep)) if note)


def _by_the_first(sweep: Sweep) -> str:
    if not sweep.metric or not sweep.beside:
        return ""
    what = f"early_terminate compares trials by the first of their metrics, {sweep.metric['name']}"
    return f"{what}: one that is good in others may be stopped"


def _changed(parameters: Sequence[Parameter], overrides: Sequence[str], limits: Limits) -> tuple[Parameter, ...]:
    """The space with the changes in it, sorted by name as W&B has it."""
    return tuple(sorted(changed(parameters, parse(overrides, limits)), key=lambda parameter: parameter.path))
