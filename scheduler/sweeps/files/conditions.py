"""Reading `when`: that a parameter, or a group of them, applies only where others have certain values.

    optimizer: {values: [adam, sgd]}
    momentum: {min: 0.0, max: 0.99, when: {optimizer: sgd}}
    second_width: {values: [32, 64], when: {layers: {min: 2}}}

W&B has no such key, so no file of its own can mean anything else by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from scheduler.errors import UserError, nearest
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.marks import Key
from scheduler.sweeps.space.conditions import may_hold
from scheduler.sweeps.space.distributions import LISTED, Condition, Parameter, grid_values, identity
from scheduler.values import dataclass

WHEN = "when"
BOUNDS = ("min", "max")


@dataclass(frozen=True)
class Wish:
    """A `when` as it is written: at a place of the file, inside of these groups of parameters."""

    where: tuple[Key, ...]
    inside: tuple[str, ...]
    written: object


def with_conditions(document: Document, found: Sequence[tuple[Parameter, Sequence[Wish]]]) -> tuple[Parameter, ...]:
    """The parameters with the conditions that are wished for each. Raises UserError for one that names no other parameter, that
    can never hold, or that leads back to where it stands."""
    everyone = [parameter for parameter, _ in found]
    made = [
        replace(parameter, when=tuple(each for wish in wishes for each in _conditions(document, parameter, wish, everyone)))
        for parameter, wishes in found
    ]
    places = {parameter.path: wishes[0].where for parameter, wishes in found if wishes}
    for parameter in made:
        if parameter.path in places and _leads_to(parameter.path, parameter, {each.path: each for each in made}, set()):
            raise document.error(f'"{parameter.name}" applies only if it applies itself', *places[parameter.path])
    return tuple(made)


def _conditions(document: Document, parameter: Parameter, wish: Wish, everyone: Sequence[Parameter]) -> Iterator[Condition]:
    with document.at(*wish.where):
        written = values.mapping(wish.written)
        if not written:
            raise values.expected("the values of other parameters", wish.written, "write, for example, when: {optimizer: sgd}")
    for name, value in written.items():
        parent = _meant(name, wish.inside, everyone)
        if parent is None:
            what = f'"{parameter.name}" depends on "{name}", which is no parameter here'
            next_step = nearest(name, [each.name for each in everyone if each.path != parameter.path])
            raise document.error(what, *wish.where, name, key=True, next_step=next_step)
        with document.at(*wish.where, name):
            condition = _condition(parent, value)
            _refuse_impossible(parent, condition)
        yield condition


def _meant(name: str, inside: tuple[str, ...], everyone: Sequence[Parameter]) -> Parameter | None:
    """The parameter of that name, first of those beside the one that depends on it, then of those further out."""
    for depth in range(len(inside), -1, -1):
        for each in everyone:
            if each.path[:depth] == inside[:depth] and ".".join(each.path[depth:]) == name:
                return each
    return None


def _condition(parent: Parameter, value: object) -> Condition:
    if not isinstance(value, dict):
        if value == []:
            raise values.expected("one value or a list of some", value)
        return Condition(parent.path, tuple(value) if isinstance(value, list) else (value,))
    if not value or not value.keys() <= set(BOUNDS):
        raise values.expected('a value, a list of values, or "min" and "max"', value, "put a mapping that is a value into [ ]")
    for bound in value.values():
        if isinstance(bound, bool) or not isinstance(bound, (int, float)):
            raise values.expected("a number", bound)
    return Condition(parent.path, (), value.get("min"), value.get("max"))


def _refuse_impossible(parent: Parameter, condition: Condition) -> None:
    listed = parent.distribution.name in LISTED
    stepped = listed or parent.distribution.name == "int_uniform" or "q" in parent.distribution.fields
    if not condition.is_range and not stepped:
        what = f'"{parent.name}" is drawn from a range without steps, where no single value ever comes up'
        raise UserError(what, next_step="give min or max, or both")
    for each in condition.values or (None,):
        single = replace(condition, values=(each,)) if condition.values else condition
        if not may_hold(single, parent.distribution):
            known = [_word(value) for value in grid_values(parent.distribution)] if listed else []
            what = f'"{parent.name}" never is {_word(each) if condition.values else "in this range"}'
            raise UserError(what, next_step=nearest(_word(each), known) if known else "")


def _word(value: object) -> str:
    return value if isinstance(value, str) else identity(value)


def _leads_to(
    target: tuple[str, ...], parameter: Parameter, known: Mapping[tuple[str, ...], Parameter], seen: set[tuple[str, ...]]
) -> bool:
    for condition in parameter.when:
        if condition.path == target:
            return True
        if condition.path not in seen:
            seen.add(condition.path)
            if _leads_to(target, known[condition.path], known, seen):
                return True
    return False
