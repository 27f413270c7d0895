"""What a configuration must not hold: numbers that JSON cannot say, and NUL. Text that wants resolving is marked here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from scheduler.errors import UserError
from scheduler.experiments.configurations.unresolved import Unresolved, unescaped, wants_resolving
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.marks import Key

Where = tuple[Key, ...]
Fault = Callable[[str, str], UserError]


def refuse_unusable(document: Document, section: str, value: object) -> object:
    """`value` of the document's `section`, its interpolations marked as Unresolved. Raises UserError at its place."""
    return usable(document, value, (section,))


def usable(document: Document, value: object, above: Where, *, finite: bool = True) -> object:
    """`value`, which stands at `above` in the document, checked and with its interpolations marked. `finite`: NaN and infinities
    are refused."""
    special, depth = False, document.limits.depth
    for path, part in _walk(above, value, depth):
        fault = document.limits.too_deep() if len(path) > depth else _fault(part, finite=finite)
        if fault:
            raise document.error(fault.what, *path, next_step=fault.next_step)
        special = special or (document.interpolates and isinstance(part, str) and ("${" in part or part == "???"))
    return _marked(value, above, lambda path: _at(document, path)) if special else value


def _at(document: Document, path: Where) -> Fault:
    return lambda what, next_step: document.error(what, *path, next_step=next_step)


def refuse_in_override(value: object, argument: str, depth: int) -> object:
    """The value of an override, with the same rules as in a YAML file."""

    def fault(what: str, next_step: str) -> UserError:
        return UserError(f'the value in "{argument!s}": {what}'.replace("\0", "\\0"), next_step=next_step)

    for path, part in _walk((), value, depth):
        found = _fault(part)
        if found or len(path) > depth:
            raise fault(found.what, found.next_step) if found else fault(f"nested deeper than {depth} levels", "flatten it")
    return _marked(value, (), lambda path: fault)


def unusable_result(value: object, depth: int) -> UserError | None:
    """What is wrong with the result of an interpolation: as in a file, and it must be of a type that JSON knows."""
    for path, part in _walk((), value, depth):
        if len(path) > depth:
            return UserError(f"nested deeper than {depth} levels")
        if not isinstance(part, (dict, list, str, int, float, type(None))):
            return UserError(f"{type(part).__name__} is no type that JSON knows")
        if isinstance(part, dict) and not all(isinstance(key, str) for key in part):
            return UserError("a key must be text")
        if fault := _fault(part):
            return fault
    return None


def _walk(path: Where, value: object, depth: int) -> Iterator[tuple[Where, object]]:
    """Every key and value below `value` with its path, without recursion; no deeper than one level beyond the limit."""
    stack = [(path, value)]
    while stack:
        path, value = stack.pop()
        yield path, value
        if len(path) > depth or not isinstance(value, (dict, list)) or (len(path) < depth and _is_of_numbers(value)):
            continue
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        stack.extend(((*path, key), inner) for key, inner in pairs)


def _is_of_numbers(value: dict | list) -> bool:
    """Whether it is a list of whole numbers alone, with which nothing can be wrong, however many they are."""
    return isinstance(value, list) and set(map(type, value)) == {int}


def _fault(value: object, *, finite: bool = True) -> UserError | None:
    """What is wrong with one value, and what to do; None for a good one."""
    if isinstance(value, dict):
        bad = any("\0" in key for key in value if isinstance(key, str))
        return UserError("a key holds a NUL character", next_step="remove it") if bad else None
    if finite and isinstance(value, float) and not math.isfinite(value):
        return UserError(f"{value} is not a number that JSON can hold", next_step="write it as text, in quotes")
    if isinstance(value, str) and "\0" in value:
        return UserError("this text holds a NUL character", next_step="no argument of a process can carry it; remove it")
    return None


def _marked(value: object, path: Where, fault: Callable[[Where], Fault]) -> object:
    if isinstance(value, dict):
        return {key: _marked(inner, (*path, key), fault) for key, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner, (*path, index), fault) for index, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    return Unresolved(value, fault(path)) if wants_resolving(value) else unescaped(value)
