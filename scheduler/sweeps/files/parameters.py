"""Reading the `parameters` of a sweep file. Accepts and refuses what W&B does, with the place of every mistake."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import TypeGuard

from scheduler.errors import nearest
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.marks import Key
from scheduler.sweeps.files.conditions import WHEN, Wish, with_conditions
from scheduler.sweeps.space.distributions import (
    EXPONENTS,
    FIELDS,
    POSITIVE_MIN,
    Distribution,
    Parameter,
    inferred,
)

Where = tuple[Key, ...]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def read_parameters(document: Document, written: object) -> tuple[Parameter, ...]:
    """Every parameter, sorted by name at each level. Raises UserError at what is wrong."""
    return with_conditions(document, list(_parameters(document, written, ("parameters",), (), ())))


def _parameters(
    document: Document, written: object, where: Where, above: tuple[str, ...], wishes: tuple[Wish, ...]
) -> Iterator[tuple[Parameter, tuple[Wish, ...]]]:
    with document.at(*where):
        found = values.mapping(written)
        if not found:
            raise values.expected("at least one parameter", written, "write, for example, lr: {values: [0.1, 0.01]}")
    for name, fields in sorted(found.items()):
        place = (*where, name)
        if not _NAME.fullmatch(name):
            next_step = "begin with a letter or _, and go on with letters, digits, _, . and -"
            raise document.error(f'"{name}" is no name for a parameter', *place, key=True, next_step=next_step)
        with document.at(*place):
            mapping = _mapping(name, fields)
        own = (*wishes, Wish((*place, WHEN), above, mapping[WHEN])) if WHEN in mapping else wishes
        if "parameters" in mapping:
            document.refuse_unknown(mapping, ("parameters", WHEN), *place, inside="a group of parameters")
            yield from _parameters(document, mapping["parameters"], (*place, "parameters"), (*above, name), own)
        else:
            rest = {key: value for key, value in mapping.items() if key != WHEN}
            yield Parameter((*above, name), _distribution(document, rest, place)), own


def _mapping(name: str, fields: object) -> dict[str, object]:
    """A value alone is what other programs take."""
    if isinstance(fields, (str, int, float)):
        raise values.expected("a mapping", fields, f"for this value alone write {name}: {{value: {json.dumps(fields)}}}")
    if isinstance(fields, list):
        raise values.expected("a mapping", fields, f"to try each of them write {name}: {{values: [...]}}")
    return values.mapping(fields)


def _distribution(document: Document, found: dict[str, object], where: Where) -> Distribution:
    name = _name(document, found, where)
    required, others = FIELDS[name]
    document.refuse_unknown(found, (*required, *others, "distribution"), *where, inside=f"the distribution {name}")
    for key in required:
        if key not in found:
            raise document.error(f'the distribution {name} needs "{key}"', *where, next_step=f"add {key}: ...")
    fields = {**others, **{key: value for key, value in found.items() if key != "distribution"}}
    for key, value in fields.items():
        with document.at(*where, key):
            _check(name, key, value, fields)
    return Distribution(name, fields)


def _name(document: Document, found: dict[str, object], where: Where) -> str:
    if "distribution" not in found:
        name = inferred(found)
        if name is None:
            next_step = 'write "value", "values", "min" and "max", or "distribution"'
            raise document.error("there is no telling how this parameter is distributed", *where, next_step=next_step)
        return name
    with document.at(*where, "distribution"):
        name = values.text(found["distribution"])
        if name not in FIELDS:
            raise document.error(f'unknown distribution "{name}"', *where, "distribution", next_step=_meant(name))
    return name


def _meant(name: str) -> str:
    """What to write instead; never one of those that W&B has given up."""
    old = next((each for each in EXPONENTS if f'"{each}"' in nearest(name, FIELDS)), None)
    return f'did you mean "{old}_values"?' if old else nearest(name, [each for each in FIELDS if each not in EXPONENTS])


def _check(name: str, key: str, value: object, fields: dict[str, object]) -> None:
    if key == "values":
        if not isinstance(value, list) or not value:
            raise values.expected("a list of one or more values", value, "put [ ] around a single value")
    elif key == "probabilities":
        _check_probabilities(value, fields["values"])
    elif key != "value":
        _check_number(name, key, value, fields)


def _check_probabilities(found: object, among: object) -> None:
    if not isinstance(found, list) or not isinstance(among, list) or len(found) != len(among):
        raise values.expected("a list with one probability for each of the values", found)
    if not all(_is_number(each) and 0 <= each <= 2 for each in found) or not math.isclose(
        sum(found), 1, rel_tol=1e-5, abs_tol=1e-8
    ):
        raise values.expected("probabilities of 0 or more that sum to 1", found)


def _check_number(name: str, key: str, value: object, fields: dict[str, object]) -> None:
    if name == "int_uniform" and (isinstance(value, bool) or not isinstance(value, int)):
        raise values.expected("a whole number", value, "int_uniform has whole bounds; for others write distribution: uniform")
    found = values.finite(value, "write it without quotes" if isinstance(value, str) else "")
    if key == "q" and not found > 0:
        raise values.expected("a step above 0", value)
    if key in ("sigma", "a", "b") and not found >= 0:
        raise values.expected("a number of 0 or more", value)
    if key == "min" and name in POSITIVE_MIN and not found > 0:
        raise values.expected("a number above 0", value, f"{name} has a logarithmic scale")
    least = fields.get("min")
    if key == "max" and _is_number(least) and not least < found:
        raise values.expected(f'a number above "min", which is {least}', value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
