"""Changes of the command line that name several values of a key, as lists of changes that name one each. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from scheduler.errors import UserError
from scheduler.experiments.configurations.overrides import Edit
from scheduler.experiments.configurations.sweep_words import Interval, Several
from scheduler.experiments.document.limits import Limits


def unfolded(edits: Sequence[Edit], limits: Limits) -> Iterator[list[Edit]]:
    """Every combination of their values, the last change fastest, as Hydra's own sweeper has it. UserError for an interval, which
    no list has all of, and for more combinations than there may be experiments."""
    for edit in edits:
        refuse_interval(edit)
    axes = [edit.value.values if isinstance(edit.value, Several) else (edit.value,) for edit in edits]
    count = math.prod(map(len, axes))
    if count > limits.experiments:
        raise limits.too_many_experiments(count)
    for values in product(*axes):
        yield [replace(edit, value=value) for edit, value in zip(edits, values, strict=True)]


def refuse_interval(edit: Edit) -> None:
    """Raises UserError for a change that only a search can draw from."""
    if isinstance(edit.value, Interval):
        next_step = "`exp-queue sweep` with a sweep file draws from it; for a list write choice(...) or range(...)"
        raise UserError(f'"{edit.argument}" has no list of values', next_step=next_step)
