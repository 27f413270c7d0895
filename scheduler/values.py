"""Frozen values, made in a fifth of the time: to make their classes was half of the start of a command.

Python's dataclass writes six functions for a frozen class and compiles them whenever its module is imported, since no .pyc file
keeps them. Here one is compiled, `__init__`, and the others are shared by all classes. What a class can do is the same; `fields`,
`replace` and `asdict` know it. See docs/decisions/start_up.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: Any = None, /, *, frozen: bool = False, **others: Any) -> Any:
        """As `dataclasses.dataclass`, to which all is left that is not frozen, or more than that. Fields that
        `__init__` does not take are not known here."""
        if not frozen or others:
            return dataclasses.dataclass(cls, frozen=frozen, **others)
        return _frozen if cls is None else _frozen(cls)


def _frozen(cls: Any) -> Any:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else Python works its signature out, in as long as all the rest takes
    fields = dataclasses.fields(dataclasses.dataclass(init=False, repr=False, eq=False)(cls))
    compared = [each.name for each in fields if each.compare]
    hashed = [each.name for each in fields if (each.compare if each.hash is None else each.hash)]
    for name, function in {"__eq__": _equality(compared), "__hash__": _hash(hashed), **_SHARED}.items():
        if cls.__dict__.get(name) is None:  # a class with an __eq__ of its own has None as its __hash__
            setattr(cls, name, function)
    if "__init__" not in cls.__dict__:
        cls.__init__ = _Init(cls, fields)
    return cls


class _Init:
    """Stands for the `__init__` of a class until somebody asks for that, as the first value does: of the classes that a command
    imports most never have one."""

    def __init__(self, cls: Any, fields: Sequence[Field]) -> None:
        self._cls, self._fields = cls, fields

    def __get__(self, value: Any, cls: Any) -> Callable[..., None]:
        made = self._cls.__init__ = _init(self._cls, self._fields)
        return made.__get__(value, cls)


def _init(cls: Any, fields: Sequence[Field]) -> Callable[..., None]:
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": MISSING}
    parameters, lines = ["self"], []
    keywords: list[str] = []
    for each in fields:
        default, value = _default(each, known)
        (keywords if each.kw_only else parameters).append(each.name + default)
        lines.append(f" _set(self, {each.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    signature = ", ".join([*parameters, *(["*", *keywords] if keywords else [])])
    exec(f"def __init__({signature}):\n" + "\n".join(lines or [" pass"]), known)  # noqa: S102 (the names are those of our fields)
    made = known["__init__"]
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return made


def _default(field: Field, known: dict[str, Any]) -> tuple[str, str]:
    """What stands behind the name of the parameter, and the value that the field gets; what these words name becomes known."""
    name = field.name
    if field.default_factory is not MISSING:
        known[f"_make_{name}"] = field.default_factory
        return "=_missing", f"_make_{name}() if {name} is _missing else {name}"
    if field.default is not MISSING:
        known[f"_default_{name}"] = field.default
        return f"=_default_{name}", name
    return "", name


def _equality(names: Sequence[str]) -> Callable[..., bool]:
    values = _getter(names)

    def equal(self: Any, other: Any) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(names: Sequence[str]) -> Callable[[Any], int]:
    values = _getter(names)
    return lambda self: hash(values(self))


def _getter(names: Sequence[str]) -> Callable[[Any], Any]:
    """The fields of a value as a tuple; of a single one as it is, which does for a comparison."""
    return attrgetter(*names) if names else lambda _: ()


def _repr(self: Any) -> str:
    told = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({told})"


def _never_set(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _never_deleted(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_SHARED = {"__repr__": _repr, "__setattr__": _never_set, "__delattr__": _never_deleted}
