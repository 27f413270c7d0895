"""Every combination of a grid, once. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, islice

from scheduler.errors import UserError
from scheduler.experiments.document.limits import DEFAULT
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import arms
from scheduler.sweeps.space.distributions import GRID, Parameter, grid_count, identity
from scheduler.sweeps.trials import Point, Trial


def same_point(values: Sequence[object]) -> tuple[str, ...]:
    """Equal for points that are the same to W&B: 3.0 is 3, but true is not 1."""
    return tuple("" if value is ABSENT else identity(value) for value in values)


class GridSearch:
    """Every combination once, in the order of W&B: the first parameter varies slowest, the last fastest. Slower still are those
    that others depend on.

    Points that were told are not asked for again, whatever became of them; nothing is kept in memory but those.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        for parameter in parameters:
            _refuse_for_grid(parameter)
        self._arms = tuple(islice(arms(parameters), DEFAULT.experiments + 1))
        if len(self._arms) > DEFAULT.experiments:
            raise UserError("too many values decide which parameters apply", next_step="take --method random, or fewer values")
        self._ends = tuple(accumulate(math.prod(map(len, axes)) for axes in self._arms))
        self._next = 0
        self._known: set[tuple[str, ...]] = set()  # the points told or asked
        self._asked: dict[int, Point] = {}

    @property
    def total(self) -> int:
        """How many combinations there are."""
        return self._ends[-1]

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
        arm = bisect_right(self._ends, place)
        place -= self._ends[arm - 1] if arm else 0
        for axis in reversed(self._arms[arm]):
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
