"""Which parameters apply at a point: some do only where others have certain values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import LISTED, Condition, Distribution, Parameter, grid_values, identity
from scheduler.sweeps.space.sampling import span

Path = tuple[str, ...]
Axes = tuple[tuple[object, ...], ...]  # for each parameter, in its order, the values that it takes


def masked(parameters: Sequence[Parameter], values: Sequence[object]) -> tuple[object, ...]:
    """The values with ABSENT in place of those whose parameters do not apply beside the others."""
    if not any(parameter.when for parameter in parameters):
        return tuple(values)
    given = {parameter.path: value for parameter, value in zip(parameters, values, strict=True)}
    kept: dict[Path, object] = {}
    for parameter in in_order(parameters):
        kept[parameter.path] = given[parameter.path] if applies(parameter, kept) else ABSENT
    return tuple(kept[parameter.path] for parameter in parameters)


def applies(parameter: Parameter, chosen: Mapping[Path, object]) -> bool:
    """Whether it applies beside the values of those that it depends on, which are ABSENT where these do not apply."""
    return all(holds(condition, chosen.get(condition.path, ABSENT)) for condition in parameter.when)


def holds(condition: Condition, value: object) -> bool:
    """Whether a value of the parameter that the condition names meets it."""
    if value is ABSENT:
        return False
    if not condition.is_range:
        return identity(value) in {identity(each) for each in condition.values}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return (condition.least is None or condition.least <= value) and (condition.most is None or value <= condition.most)


def may_hold(condition: Condition, distribution: Distribution) -> bool:
    """Whether any value of the distribution meets it."""
    if distribution.name in LISTED:
        return any(holds(condition, value) for value in grid_values(distribution))
    low, high = _ends(distribution)
    if condition.is_range:
        return (condition.least is None or condition.least <= high) and (condition.most is None or low <= condition.most)
    return any(holds(Condition(condition.path, (), low, high), value) for value in condition.values)


def _ends(distribution: Distribution) -> tuple[float, float]:
    if distribution.name == "int_uniform":
        return distribution.number("min"), distribution.number("max")
    return span(distribution)


def in_order(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Each behind those that it depends on, and otherwise as they stand. There is no circle."""
    known, found = {parameter.path: parameter for parameter in parameters}, dict[Path, Parameter]()

    def add(parameter: Parameter) -> None:
        for condition in parameter.when:
            if condition.path in known and condition.path not in found:
                add(known[condition.path])
        found.setdefault(parameter.path, parameter)

    for parameter in parameters:
        add(parameter)
    return tuple(found.values())


def settled(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Without those that can never apply, and without conditions that always hold: a change of the command line may have fixed
    what others depend on, or taken it away."""
    kept: dict[Path, Parameter] = {}
    for parameter in in_order(parameters):
        if all(each.path in kept and may_hold(each, kept[each.path].distribution) for each in parameter.when):
            left = tuple(each for each in parameter.when if not _always_holds(each, kept[each.path]))
            kept[parameter.path] = replace(parameter, when=left)
    return tuple(kept[parameter.path] for parameter in parameters if parameter.path in kept)


def _always_holds(condition: Condition, parent: Parameter) -> bool:
    listed = parent.distribution.name in LISTED and not parent.when
    return listed and all(holds(condition, value) for value in grid_values(parent.distribution))


def arms(parameters: Sequence[Parameter]) -> Iterator[Axes]:
    """A grid in pieces in each of which it is settled what applies: every parameter that others depend on has one value there,
    and those that do not apply are ABSENT. One piece where nothing depends on anything."""
    decisive = {condition.path for parameter in parameters for condition in parameter.when}
    for chosen in _choices([each for each in in_order(parameters) if each.path in decisive], {}):
        yield tuple((chosen[each.path],) if each.path in decisive else _axis(each, chosen) for each in parameters)


def _choices(decisive: Sequence[Parameter], chosen: Mapping[Path, object]) -> Iterator[Mapping[Path, object]]:
    if not decisive:
        yield chosen
        return
    for value in _axis(decisive[0], chosen):
        yield from _choices(decisive[1:], {**chosen, decisive[0].path: value})


def _axis(parameter: Parameter, chosen: Mapping[Path, object]) -> tuple[object, ...]:
    return grid_values(parameter.distribution) if applies(parameter, chosen) else (ABSENT,)


def sentence(condition: Condition) -> str:
    """The condition in words."""
    name = ".".join(condition.path)
    if not condition.is_range:
        return f"{name} is {' or '.join(each if isinstance(each, str) else identity(each) for each in condition.values)}"
    ends = {"at least": condition.least, "at most": condition.most}
    return f"{name} is {' and '.join(f'{which} {end}' for which, end in ends.items() if end is not None)}"
