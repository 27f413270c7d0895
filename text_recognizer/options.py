"""Frozen values from the mappings that people write: known keys, the right types, and a suggestion for a slip.

A set of options is a frozen dataclass whose fields are all int, float, bool or str, made with `key`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

from text_recognizer.errors import ExperimentError, nearest

Value = int | float | bool | str


class Options(Protocol):
    """A frozen dataclass whose fields were made with `key`."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init__(self, **values: Any) -> None: ...


SomeOptions = TypeVar("SomeOptions", bound=Options)
SomeValue = TypeVar("SomeValue", int, float, bool, str)


def key(
    default: SomeValue,
    help: str,
    *,
    aliases: tuple[str, ...] = (),
    least: float = -math.inf,
    most: float = math.inf,
    choices: tuple[str, ...] = (),
) -> SomeValue:
    """A field of an options class: its default, its meaning, its other names, and the values that it may take."""
    about = {"help": help, "aliases": aliases, "least": least, "most": most, "choices": choices}
    return dataclasses.field(default=default, metadata=about)


@functools.cache
def names_of(options: type[Options]) -> dict[str, str]:
    """Every name by which a key of this class may be given, aliases included -> the name of its field."""
    fields = dataclasses.fields(options)
    return {name: f.name for f in fields for name in (f.name, *f.metadata.get("aliases", ()))}


@functools.cache
def kinds_of(options: type[Options]) -> dict[str, type]:
    """The type of the value of every name by which a key of this class may be given."""
    kinds = typing.get_type_hints(options)
    return {name: kinds[field] for name, field in names_of(options).items()}


def read(options: type[SomeOptions], given: object, where: str) -> SomeOptions:
    """The options that `given` describes, defaults filled in; `where` is the mapping's name in messages.

    Raises ExperimentError for an unknown key, a key given under two names, or a value of the wrong type.
    """
    if not isinstance(given, Mapping):
        raise ExperimentError(f"{where} must be a mapping of keys to values, not {given!r}")
    values: dict[str, Value] = {}
    for name, value in given.items():
        field = _field(options, name, where)
        if field.name in values:
            raise ExperimentError(f"{where}.{field.name} is given twice, also as {name!r}; keep one of them")
        values[field.name] = _value(options, field, value, f"{where}.{name}")
    return options(**values)


def _field(options: type[Options], name: object, where: str) -> dataclasses.Field[Any]:
    names = names_of(options)
    if name not in names:
        raise ExperimentError(f"unknown key {name!r} in {where}; {nearest(str(name), names)}")
    return next(f for f in dataclasses.fields(options) if f.name == names[name])


def _value(options: type[Options], field: dataclasses.Field[Any], given: object, where: str) -> Value:
    value = _typed(kinds_of(options)[field.name], given, where)
    least, most, choices = (field.metadata[name] for name in ("least", "most", "choices"))
    if choices and value not in choices:
        raise ExperimentError(f"{where} is {value!r}; choose one of {', '.join(choices)}")
    if isinstance(value, int | float) and not least <= value <= most:
        wanted = f"{least} or more" if most == math.inf else f"a number from {least} to {most}"
        raise ExperimentError(f"{where} is {value!r}; give {wanted}")
    return value


def _typed(kind: type, value: object, where: str) -> Value:
    """The value as `kind`, where nothing is lost by it: 3 for 3.0, 1.0 for 1, "16" for 16; never a bool for a number."""
    if isinstance(value, bool):
        fits = kind is bool
    elif isinstance(value, int | float):
        fits = kind in (float, str) or (kind is int and value == value // 1)
    else:
        fits = kind is str and isinstance(value, str)
    if fits:
        return kind(value)
    wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[kind]
    raise ExperimentError(f"{where} is {value!r}; give {wanted}")
