"""What a file asks for, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from scheduler.experiments import Experiment, ExperimentFile, differences
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.command.missing import Missing, missing
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.groups.completion import CHOICES
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.sweeps.sweep import SweepPlan

COMPARED = 10_000  # experiments among which differences are looked for


@dataclass(frozen=True)
class Overview:
    """`differing` are the dotted keys that are not the same in all experiments; of a file of more than COMPARED, those
    that differ in its first ones or that a grid varies. `missing`: what they would start from here, and what is not there.
    `points`: of a sweep over a grid, how many it has, also beyond its run_cap."""

    path: str
    count: int | None  # None: without an end
    differing: tuple[str, ...]
    first: tuple[Experiment, ...]
    missing: tuple[Missing, ...] = ()
    points: int | None = None


def read_either(
    path: str, overrides: Sequence[str], asked: Asked, limits: Limits = DEFAULT
) -> tuple[ExperimentFile | SweepPlan, ExperimentFile | None]:
    """A file of any kind, a sweep as that; and of a sweep over a grid the same as a list of experiments, else None. UserError for
    whatever is wrong."""
    from scheduler.experiments.document.document import open_document
    from scheduler.sweeps.files.either import advice, file_of
    from scheduler.sweeps.files.kinds import is_list, is_sweep

    with advice(path):
        document = open_document(path, limits)
        found = file_of(document, overrides, asked) if is_list(document) else None
        if found and not is_sweep(document):
            return found, None
    from scheduler.sweeps.sweep import plan_of  # whoever has no sweep does not wait for it

    return plan_of(document, overrides, asked, limits), found


def check(plan: ExperimentFile, shown: int) -> Overview:
    """The file at a glance, with its first `shown` experiments. UserError where one of those looked at is wrong."""
    compared = differences(each.config for each in islice(plan.experiments(), COMPARED))
    names = compared if plan.at_most() <= COMPARED else dict.fromkeys([*_varied(plan), *compared])
    first = tuple(islice(plan.experiments(), shown))
    return Overview(plan.path, plan.count(), tuple(names), first, missing(plan.launches))


def _varied(plan: ExperimentFile) -> Iterator[str]:
    for block in plan.blocks:
        for axis in block.axes:
            yield from (lane.name for lane in axis.lanes() if len(lane.values) > 1 and lane.path[0] != CHOICES)
