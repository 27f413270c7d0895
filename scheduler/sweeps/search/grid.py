"""Every combination of a grid, once. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scheduler.errors import UserError
from scheduler.experiments.document.limits import DEFAULT
from scheduler.sweeps.space.distributions import GRID, Parameter, grid_count, grid_values, identity
from scheduler.sweeps.trials import Point, Trial


def same_point(values: Sequence[object]) -> tuple[str, ...]:
    """Equal for points that are the same to W&B: 3.0 is 3, but true is not 1."""
    return tuple(identity(value) for value in values)


class GridSearch:
    """Every combination once, in the order of W&B: the first parameter varies slowest, the last fastest.

    Points that were told are not asked for again, whatever became of them; nothing is kept in memory but those.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        for parameter in parameters:
            _refuse_for_grid(parameter)
        self._axes = [grid_values(parameter.distribution) for parameter in parameters]
        self._next = 0
        self._known: set[tuple[str, ...]] = set()  # the points told or asked
        self._asked: dict[int, Point] = {}

    @property
    def total(self) -> int:
        """How many combinations there are."""
        return math.prod(len(axis) for axis in self._axes)

    def ask(self, number: int) -> Point | None:
        if number in self._asked:
            return self._asked[number]
        for place in range(self._next, self.total):
            point = self._point(place)
            if same_point(point) not in self._known:
                self._next = place + 1
                self._remember(number, point)
                return point
        self._next = self.total
        return None

    def tell(self, trial: Trial) -> None:
        self._asked[trial.number] = trial.values
        if not trial.outside:
            self._known.add(same_point(trial.values))

    def _remember(self, number: int, point: Point) -> None:
        self._known.add(same_point(point))
        self._asked[number] = point

    def _point(self, place: int) -> Point:
        """The combination at a place in the order, each digit an index into its axis."""
        found: list[object] = []
        for axis in reversed(self._axes):
            place, index = divmod(place, len(axis))
            found.append(axis[index])
        return tuple(reversed(found))


def _refuse_for_grid(parameter: Parameter) -> None:
    name = parameter.distribution.name
    if name not in GRID:
        what = f'a grid cannot enumerate "{parameter.name}", which is distributed as {name}'
        raise UserError(what, next_step="list its values, give whole bounds or q_uniform with a step, or take --method random")
    count = grid_count(parameter.distribution)
    if count > DEFAULT.experiments:
        what = f'"{parameter.name}" alone has {count:,} values, too many for a grid'
        raise UserError(what, next_step="take --method random, or fewer values")
