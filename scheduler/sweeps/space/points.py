"""Where a remembered point lies in the present space, which may be another than the one that it was asked in. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import applies
from scheduler.sweeps.space.distributions import LISTED, Distribution, Parameter, grid_values, identity
from scheduler.sweeps.space.sampling import span
from scheduler.values import dataclass

SLACK = 1e-9  # of the width of a range: what rounding may take beyond an end


@dataclass(frozen=True)
class Placed:
    """A point by the parameters of the present space: one value for each, ABSENT where it has none. `outside`: the parameters
    by which it lies outside of the space, for their value, for want of one, or since there is no such parameter now."""

    values: tuple[object, ...]
    outside: tuple[str, ...]


def placed(parameters: Sequence[Parameter], point: Mapping[str, object]) -> Placed:
    """The point, which is by name, among these parameters."""
    values = tuple(point.get(parameter.name, ABSENT) for parameter in parameters)
    chosen = {parameter.path: value for parameter, value in zip(parameters, values, strict=True)}
    strange = [each.name for each in parameters if not _fits(each, chosen)]
    known = {parameter.name for parameter in parameters}
    return Placed(values, (*strange, *(name for name in point if name not in known)))


def _fits(parameter: Parameter, chosen: Mapping[tuple[str, ...], object]) -> bool:
    """Whether the parameter has one of its values there, or none where it does not apply."""
    value = chosen[parameter.path]
    return contains(parameter.distribution, value) if applies(parameter, chosen) else value is ABSENT


def named(parameters: Sequence[Parameter], values: Sequence[object]) -> dict[str, object]:
    """The reverse: the values by name, without those that are absent."""
    return {each.name: value for each, value in zip(parameters, values, strict=True) if value is not ABSENT}


def contains(distribution: Distribution, value: object) -> bool:
    """Whether the value is one of those listed, or a number between the ends of the range. Steps do not count: whoever changes
    them goes on with the same range."""
    if distribution.name in LISTED:
        return value is not ABSENT and identity(value) in {identity(each) for each in grid_values(distribution)}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if distribution.name == "int_uniform":
        return value == int(value) and distribution.number("min") <= value <= distribution.number("max")
    low, high = span(distribution)
    slack = SLACK * (high - low)
    return low - slack <= value <= high + slack
