"""What a file asks for, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from scheduler.experiments import Experiment, ExperimentFile, differences
from scheduler.experiments.groups.completion import CHOICES
from scheduler.values import dataclass

COMPARED = 10_000  # experiments among which differences are looked for


@dataclass(frozen=True)
class Overview:
    """`differing` are the dotted keys that are not the same in all experiments; of a file of more than COMPARED, those
    that differ in its first ones or that a grid varies."""

    path: str
    count: int | None  # None: without an end
    differing: tuple[str, ...]
    first: tuple[Experiment, ...]


def check(plan: ExperimentFile, shown: int) -> Overview:
    """The file at a glance, with its first `shown` experiments. UserError where one of those looked at is wrong."""
    compared = differences(each.config for each in islice(plan.experiments(), COMPARED))
    names = compared if plan.at_most() <= COMPARED else dict.fromkeys([*_varied(plan), *compared])
    return Overview(plan.path, plan.count(), tuple(names), tuple(islice(plan.experiments(), shown)))


def _varied(plan: ExperimentFile) -> Iterator[str]:
    for block in plan.blocks:
        for axis in block.axes:
            yield from (lane.name for lane in axis.lanes() if len(lane.values) > 1 and lane.path[0] != CHOICES)
