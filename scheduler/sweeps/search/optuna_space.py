"""The search space in Optuna's words, and the way of a value there and back.

Optuna has its own distributions for ranges, logarithmic ranges and choices. Steps become the number of the step, lists and
mappings the number of the choice, listed numbers their place among each other by size, and every other distribution the part
u of it, from 0 to 1. Constants are left out. Imports Optuna.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import Distribution, Parameter, grid_values, identity
from scheduler.sweeps.space.sampling import (
    BOUNDED,
    LARGEST,
    bounds,
    cdf,
    position,
    sample,
)
from scheduler.values import dataclass

MOST_STEPS = 2**53  # beyond, floating point does not count by ones


def names(parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """A name of its own for each parameter: `a.b` may be nested, or be called so."""
    found: list[str] = []
    for parameter in parameters:
        name = parameter.name
        while name in found:
            name += "'"
        found.append(name)
    return tuple(found)


@dataclass(frozen=True)
class Dimension:
    """One parameter. `optuna` is None for one with a single value, which `only` holds."""

    name: str
    parameter: Distribution
    optuna: BaseDistribution | None
    kind: str  # "native", "choice", "step", "part"
    only: object = None

    @cached_property
    def choices(self) -> dict[str, object]:
        """Each value once, by its identity."""
        return {identity(each): each for each in _listed(self.parameter)}

    @cached_property
    def places(self) -> dict[str, int]:
        return {each: place for place, each in enumerate(self.choices)}

    @property
    def is_number(self) -> bool:
        """Whether Optuna sees a number that may vary, and no choice."""
        return self.optuna is not None and not isinstance(self.optuna, CategoricalDistribution)

    def value(self, found: Any) -> object:
        """The value of the parameter for what Optuna suggests."""
        if self.kind == "choice":
            return list(self.choices.values())[found]
        if self.kind == "step":
            return found * self.parameter.number("q")
        return sample(self.parameter, found) if self.kind == "part" else found

    def beyond(self, value: object) -> tuple[Any, BaseDistribution] | None:
        """What Optuna would have suggested for a value that may lie beyond the range, with a range that has it. None where no
        range does."""
        inside, found = self.suggestion(value), self.optuna
        if inside is not None and found is not None:
            return inside, found
        if self.kind == "choice" or isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        if self.kind == "part":
            return cdf(self.parameter, value), FloatDistribution(0, 1)
        if isinstance(found, IntDistribution):
            number = round(value / self.parameter.number("q")) if self.kind == "step" else round(value)
            return number, IntDistribution(min(found.low, number), max(found.high, number))
        if not isinstance(found, FloatDistribution) or (found.log and value <= 0):
            return None
        return float(value), FloatDistribution(min(found.low, value), max(found.high, value), log=found.log)

    def suggestion(self, value: object) -> Any:
        """What Optuna would have suggested for a value; None where the present space does not have it."""
        if self.kind == "choice":
            return self.places.get(identity(value))
        where = position(self.parameter, value)
        if where is None or self.kind == "part":
            return where
        assert isinstance(value, (int, float))
        if self.kind == "step":
            return round(value / self.parameter.number("q"))
        return float(value) if isinstance(self.optuna, FloatDistribution) else int(value)


def dimensions(parameters: Sequence[Parameter]) -> tuple[Dimension, ...]:
    """The space, one dimension for each parameter, in their order."""
    return tuple(_dimension(name, parameter.distribution) for name, parameter in zip(names(parameters), parameters, strict=True))


def _dimension(name: str, found: Distribution) -> Dimension:
    if found.name in ("constant", "categorical"):
        choices = _listed(found)
        if len(choices) == 1:
            return Dimension(name, found, None, "choice", only=choices[0])
        if _are_ordered(choices):
            return Dimension(name, found, IntDistribution(0, len(choices) - 1), "choice")
        return Dimension(name, found, CategoricalDistribution(tuple(range(len(choices)))), "choice")
    if found.name == "int_uniform":
        return Dimension(name, found, IntDistribution(int(found.number("min")), int(found.number("max"))), "native")
    if found.name == "q_uniform":
        return _steps(name, found)
    if found.name in BOUNDED:
        low, high = bounds(found)
        if found.name == "uniform" or 0 < low < high < LARGEST:
            return Dimension(name, found, FloatDistribution(low, high, log=found.name != "uniform"), "native")
    return Dimension(name, found, FloatDistribution(0, 1), "part")


def _listed(found: Distribution) -> Sequence[Any]:
    """The values of a list in the order in which a sampler counts them: numbers from the least to the greatest."""
    choices = grid_values(found)
    return sorted(choices, key=_as_number) if _are_ordered(choices) else choices


def _as_number(value: object) -> float:
    assert isinstance(value, (int, float))
    return value


def _are_ordered(choices: Sequence[object]) -> bool:
    """Whether these are numbers with something between the first and the last: what is good at 8 says more of 16 than of 64."""
    return len(choices) > 2 and all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in choices)


def _steps(name: str, found: Distribution) -> Dimension:
    q = found.number("q")
    low, high = found.number("min") / q, found.number("max") / q
    if max(abs(low), abs(high)) > MOST_STEPS:
        return Dimension(name, found, FloatDistribution(0, 1), "part")
    first, last = round(low), round(high)
    if first == last:
        return Dimension(name, found, None, "step", only=first * q)
    return Dimension(name, found, IntDistribution(first, last), "step")


def suggestions(space: Sequence[Dimension], values: Sequence[object]) -> dict[str, Any] | None:
    """What Optuna would have suggested for a point; None where it does not lie in this space."""
    if len(values) != len(space):
        return None
    found = {each.name: each.suggestion(value) for each, value in zip(space, values, strict=True) if value is not ABSENT}
    if None in found.values():
        return None
    return {each.name: found[each.name] for each in space if each.optuna is not None and each.name in found}


def evidence(space: Sequence[Dimension], values: Sequence[object]) -> dict[str, tuple[Any, BaseDistribution]] | None:
    """The same for a point outside of the space, as a model may learn from it: what Optuna would have suggested in a range that
    is wide enough, and that range. None where there is no such range: a choice that is gone says nothing of those left."""
    there = [(each, value) for each, value in zip(space, values, strict=True) if each.optuna and value is not ABSENT]
    found = {each.name: each.beyond(value) for each, value in there}
    return None if None in found.values() else {name: each for name, each in found.items() if each is not None}
