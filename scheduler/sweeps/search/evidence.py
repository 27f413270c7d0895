"""What a trial of another sweep says in the space of this one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from scheduler.sweeps.space.distributions import Parameter
from scheduler.sweeps.space.sampling import position, sample
from scheduler.sweeps.trials import Point


@dataclass(frozen=True)
class Placed:
    """Where a point of another sweep lies here. `unknown`: the parameters that vary here and of which it says nothing."""

    values: Point
    unknown: tuple[str, ...] = ()


def placed(parameters: Sequence[Parameter], point: Mapping[str, Any], seed: str) -> Placed | None:
    """The point in this space; None where it lies outside, or says nothing of any parameter that varies here.

    Parameters that only the other sweep has are left out. One that only this sweep has stands at its constant, or, where it
    varies, at a value drawn by `seed`: among many trials that tells a model nothing, and leaves what the others tell.
    """
    known = {each.name for each in parameters if each.name in point}
    if any(each.name in known and position(each.distribution, point[each.name]) is None for each in parameters):
        return None
    values = tuple(point[each.name] if each.name in known else _drawn(each, seed) for each in parameters)
    varying = [each.name for each in parameters if each.distribution.name != "constant"]
    if known.isdisjoint(varying):
        return None
    return Placed(values, tuple(name for name in varying if name not in known))


def _drawn(parameter: Parameter, seed: str) -> object:
    return sample(parameter.distribution, Random(f"{seed}:{parameter.name}").random())  # noqa: S311 - a repeatable draw, no secret
