"""An experiments file, read and checked; its experiments come one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from scheduler.errors import Note, Place, UserError
from scheduler.experiments import layout
from scheduler.experiments.after import After, read_after
from scheduler.experiments.asks import NO_WISHES, Policy, Resources, SlurmWishes
from scheduler.experiments.command import argparse_program, doubts, hydra_program
from scheduler.experiments.command import launch as launching
from scheduler.experiments.command.command import Launch, Slot, Text, slots
from scheduler.experiments.command.hydra_groups import chosen_in
from scheduler.experiments.configurations.overrides import Edit
from scheduler.experiments.configurations.overrides import parse as parse_overrides
from scheduler.experiments.configurations.unfolding import unfolded
from scheduler.experiments.document.document import Document, open_document
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.experiment import Experiment
from scheduler.experiments.grid.entries import blocks, looked_at
from scheduler.experiments.grid.matrix import Block
from scheduler.experiments.remarks import NOTHING, Remarks, read_remarks
from scheduler.experiments.series import FEW, series
from scheduler.experiments.slurm import SLURM
from scheduler.values import dataclass


@dataclass(frozen=True)
class ExperimentFile:
    """A file that holds no error any more, with the overrides of the command line in it.

    `cap` is the most experiments that are made of it, None for all; `notes` are warnings that its user should read; `sweep` is
    the name of a sweep file, None for a file of experiments; `listed` are the jobs of a list of commands, in place of `blocks`.
    """

    path: str
    group: str | None
    command: tuple[str, ...]
    launch: Launch
    resources: Resources
    policy: Policy
    blocks: tuple[Block, ...]
    cap: int | None = None
    notes: tuple[Note, ...] = ()
    sweep: str | None = None
    listed: tuple[Experiment, ...] = ()
    remarks: Remarks = NOTHING  # what it says of its jobs
    after: After | None = None  # what its jobs come after; None: it says nothing of it
    slurm: SlurmWishes = NO_WISHES  # what it says of the cluster that it may run on

    @property
    def launches(self) -> Iterator[Launch]:
        """The commands of its experiments, before their arguments are in them: one, but of a list of commands."""
        return (each.launch for each in self.listed) if self.listed else iter((self.launch,))

    @property
    def passes_arguments(self) -> bool:
        """Whether the command has a place for the configuration."""
        return any(isinstance(token, (Slot, Text)) for token in self.launch)

    def at_most(self) -> int:
        """How many experiments there can be, without making them; `exclude` is not counted."""
        return self._capped(len(self.listed) + sum(block.at_most() for block in self.blocks))

    def count(self) -> int:
        """How many experiments there are. Where there is no `exclude` or `include`, none is made for this."""
        return self._capped(len(self.listed) + sum(block.count() for block in self.blocks))

    def _capped(self, count: int) -> int:
        return count if self.cap is None else min(count, self.cap)

    def experiments(self) -> Iterator[Experiment]:
        """Every experiment in the order of the file, the last key of a grid fastest; made one at a time."""
        return islice(self._experiments(), self.cap)

    def _experiments(self) -> Iterator[Experiment]:
        yield from self.listed
        encode = json.JSONEncoder().encode
        like = Experiment(self.command, "", self.group, self.resources, self.policy, self.launch, slurm=self.slurm)
        for block in self.blocks:
            if block.is_plain and block.at_most() > FEW:
                yield from series(block.config, block.axes, like)
                continue
            for config in block.configurations():
                yield replace(like, arguments=encode(config))

    def with_policy(self, **changes: Any) -> ExperimentFile:
        """The same file, all experiments of which are treated so; a change that is None is nobody's wish."""
        changes = {name: value for name, value in changes.items() if value is not None}
        listed = tuple(replace(each, policy=replace(each.policy, **changes)) for each in self.listed)
        return replace(self, policy=replace(self.policy, **changes), listed=listed)

    def with_share(self, share: int | None) -> ExperimentFile:
        """The same file, all experiments of which share a GPU so; None is nobody's wish. UserError if one of them shares it by
        memory."""
        if share is None:
            return self
        listed = tuple(replace(each, resources=layout.shared(each.resources, share)) for each in self.listed)
        return replace(self, resources=layout.shared(self.resources, share), listed=listed)

    def within(self, limits: Limits) -> ExperimentFile:
        """The file itself. Raises UserError if it asks for more experiments than `limits` allow."""
        if self.at_most() > limits.experiments:
            fault = limits.too_many_experiments(self.at_most())
            raise UserError(fault.what, where=Place(self.path), next_step=fault.next_step)
        return self


def read(
    path: str,
    overrides: Sequence[str] = (),
    *,
    program: str | None = None,
    style: str = launching.TEMPLATE,
    files: str = "arguments",
    limits: Limits = DEFAULT,
) -> ExperimentFile:
    """Read and check an experiments file (JSON if it ends in .json, else YAML 1.2).

    `overrides` are `key=value` arguments; `program` is a command line that takes the place of the file's own; `style`
    is one of `launch.STYLE_NAMES` and says how the command takes its arguments; `files` is the directory for the files
    of `${args_json_file}`. The environment and PATH are read here, once. Raises UserError with file, line and column
    for whatever is wrong.
    """
    return from_document(open_document(path, limits), overrides, launching.Asked(program, style, files))


def from_document(document: Document, overrides: Sequence[str], asked: launching.Asked) -> ExperimentFile:
    """The same for a file that is open already."""
    top = layout.sections(document)
    command = launching.template(document, top, asked)
    launch = launching.launch(document, top, command, asked)
    edits = parse_overrides(overrides, document.limits)
    made = tuple(block for each in unfolded(edits, document.limits) for block in _blocks(document, top, launch, each))
    launching.refuse_unknown_values(document, top, launch, asked, looked_at(made))
    return ExperimentFile(
        path=document.file,
        group=layout.group(document, top),
        command=command,
        launch=launch,
        resources=layout.record(document, top, "resources", layout.RESOURCES, Resources()),
        policy=layout.record(document, top, "policy", layout.POLICY, Policy()),
        blocks=made,
        notes=(*hydra_program.warnings(launch), *doubts.notes(command), *argparse_program.notes(launch)),
        after=read_after(document, top),
        remarks=read_remarks(document, top),
        slurm=layout.record(document, top, "slurm", SLURM, SlurmWishes()),
    ).within(document.limits)


def _blocks(document: Document, top: dict[str, Any], launch: Launch, edits: list[Edit]) -> tuple[Block, ...]:
    """Those of the file under changes that name one value each."""
    signs = {name for slot in slots(launch) for name, _ in slot.groups}
    given = [{key: top[key] for key in layout.CONFIGURED if key in top}, [{edit.name: edit.value} for edit in edits]]
    return blocks(document, top, edits, chosen_in(given, signs) if "defaults" not in top else frozenset())
