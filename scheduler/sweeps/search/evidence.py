"""What a trial of another sweep says in the space of this one. Pure.

Where an own trial of before lies is the matter of `space.points`: it keeps its values, and says by which it lies outside. A
point of another sweep may have parameters that this one never had, and the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import applies, in_order
from scheduler.sweeps.space.distributions import Parameter
from scheduler.sweeps.space.sampling import position, sample
from scheduler.sweeps.trials import Point
from scheduler.values import dataclass


@dataclass(frozen=True)
class Adopted:
    """What a point of another sweep is here. `unknown`: the parameters that vary here and apply there, and of which it says
    nothing."""

    values: Point
    unknown: tuple[str, ...] = ()


def adopted(parameters: Sequence[Parameter], point: Mapping[str, Any], seed: str) -> Adopted | None:
    """The point in this space; None where it lies outside, or says nothing of any parameter that varies here.

    Parameters that only the other sweep has, and those that do not apply here, are left out. One that applies and that only this
    sweep has stands at its constant, or, where it varies, at a value drawn by `seed`: among many trials that tells a model
    nothing, and leaves what the others tell.
    """
    chosen: dict[tuple[str, ...], object] = {}
    for each in in_order(parameters):
        chosen[each.path] = _value(each, point, seed) if applies(each, chosen) else ABSENT
    there = [each for each in parameters if chosen[each.path] is not ABSENT]
    known = {each.name for each in there if each.name in point}
    if any(each.name in known and position(each.distribution, point[each.name]) is None for each in there):
        return None
    varying = [each.name for each in there if each.distribution.name != "constant"]
    if known.isdisjoint(varying):
        return None
    return Adopted(tuple(chosen[each.path] for each in parameters), tuple(name for name in varying if name not in known))


def _value(parameter: Parameter, point: Mapping[str, Any], seed: str) -> object:
    return point[parameter.name] if parameter.name in point else _drawn(parameter, seed)


def _drawn(parameter: Parameter, seed: str) -> object:
    return sample(parameter.distribution, Random(f"{seed}:{parameter.name}").random())  # noqa: S311 - a repeatable draw, no secret
