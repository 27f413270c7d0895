"""What a file asks for, before anything runs: how many experiments, and what tells them apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from scheduler.experiments import Experiment, ExperimentFile, differences, shell_line
from scheduler.experiments.configurations.configurations import leaves
from scheduler.experiments.groups.completion import CHOICES

COMPARED = 10_000  # experiments among which differences are looked for


@dataclass(frozen=True)
class Overview:
    """`differing` are the dotted keys that are not the same in all experiments; of a file of more than COMPARED, those
    that differ in its first ones or that a grid varies."""

    path: str
    count: int | None  # None: without an end
    differing: tuple[str, ...]
    first: tuple[Experiment, ...]


def overview(plan: ExperimentFile, shown: int) -> Overview:
    """The file at a glance, with its first `shown` experiments."""
    compared = differences(each.config for each in islice(plan.experiments(), COMPARED))
    names = compared if plan.at_most() <= COMPARED else dict.fromkeys([*_varied(plan), *compared])
    return Overview(plan.path, plan.count(), tuple(names), tuple(islice(plan.experiments(), shown)))


def _varied(plan: ExperimentFile) -> Iterator[str]:
    for block in plan.blocks:
        for axis in block.axes:
            yield from (lane.name for lane in axis.lanes() if len(lane.values) > 1 and lane.path[0] != CHOICES)


def sentence(found: Overview) -> str:
    """How many, and what differs."""
    head = f"{found.path}: {found.count:,} experiment{'' if found.count == 1 else 's'}"
    return f"{head}; what differs: {', '.join(found.differing)}" if found.differing else head


def rows(found: Overview) -> list[dict[str, str]]:
    """The first experiments for people: only what differs; the whole command line where nothing does."""
    return [_row(number, each, found.differing) for number, each in enumerate(found.first, 1)]


def _row(number: int, experiment: Experiment, differing: Sequence[str]) -> dict[str, str]:
    head = {"": str(number), "id": experiment.id[:8]}
    if not differing:
        return {**head, "command": shell_line(experiment.argv)}
    config = experiment.config
    values = {".".join(path): value for path, value in leaves(config)}
    return {**head, **{name: _cell(values[name]) if name in values else "" for name in differing}}


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def objects(found: Overview) -> dict[str, Any]:
    """The same for programs."""
    first = [{"id": each.id, "group": each.group, "config": each.config, "argv": list(each.argv)} for each in found.first]
    return {"file": found.path, "experiments": found.count, "differs_in": list(found.differing), "first": first}
