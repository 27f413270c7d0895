"""Hydra's words for several values of one key: `choice(a,b)`, `range(1,5)`, `interval(1e-5,1e-2)`, `tag(log, interval(...))`,
`int(interval(...))`. Pure.

They are those of https://hydra.cc/docs/advanced/override_grammar/extended. Both ends belong to an interval, as Hydra's sweepers
have it; the stop of a range does not. Text in quotes is text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from scheduler.errors import UserError
from scheduler.values import dataclass

Read = Callable[[str], object]  # the value of a text that is no such word

_CALL = re.compile(r"\s*([a-z]+)\((.*)\)\s*", re.DOTALL)
_NAMED = re.compile(r"\s*(start|stop|end|step)\s*=(.*)", re.DOTALL)
_PIECE = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[\[({]|[\])}]|,|[^"'\[\](){},]+|.""", re.DOTALL)
_AN_INTERVAL, _A_RANGE = "write interval(1e-5, 1e-2)", "write range(10), range(1, 10) or range(0, 1, 0.1)"
# What Hydra has and is not taken here, with what to write.
_NOT_TAKEN = {
    "glob": "list the options: choice(a,b)",
    "sort": "write the values in their order",
    "shuffle": "leave it out; method random draws in any order",
}


@dataclass(frozen=True)
class Several:
    """One value after the other."""

    values: tuple[object, ...]


@dataclass(frozen=True)
class Interval:
    """Any number between two, both included; `log`: on a logarithmic scale; `whole`: whole numbers alone."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


Word = Several | Interval


def read_word(text: str, read: Read, most: int) -> Word | None:
    """What the text stands for; None where it is no such word. UserError for a wrong one, and for more than `most` values."""
    found = _CALL.fullmatch(text)
    if not found:
        return None
    name, inside = found[1], found[2]
    if name in _NOT_TAKEN:
        raise UserError(f"{name}(...) of Hydra is not taken here", next_step=f"{_NOT_TAKEN[name]}; in quotes it is text")
    if name in ("int", "float"):
        inner = read_word(inside, read, most)
        return None if inner is None else _cast(name, inner)
    reader = _READERS.get(name)
    return reader(_arguments(inside), read, most) if reader else None


def _arguments(text: str) -> list[str]:
    """The texts between the commas that stand in no brackets and no quotes."""
    found, depth = [""], 0
    for piece in _PIECE.findall(text):
        depth += (piece in ("[", "(", "{")) - (piece in ("]", ")", "}"))
        if piece == "," and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return [each.strip() for each in found]


def _choice(arguments: Sequence[str], read: Read, most: int) -> Several:
    if not all(arguments):
        raise UserError("choice has an empty value", next_step="write choice(a,b); an empty text is ''")
    return Several(tuple(read(each) for each in arguments))


def _interval(arguments: Sequence[str], read: Read, most: int) -> Interval:
    given = _numbers(arguments, ("start", "end"), read)
    if given.keys() != {"start", "end"}:
        raise UserError("an interval has a start and an end, both numbers", next_step=_AN_INTERVAL)
    if not given["start"] < given["end"]:
        raise UserError(f"an interval ends above its start, which is {given['start']}", next_step=_AN_INTERVAL)
    return Interval(given["start"], given["end"])


def _tagged(arguments: Sequence[str], read: Read, most: int) -> Interval:
    *tags, last = arguments
    inner = read_word(last, read, most)
    if not isinstance(inner, Interval) or tags != ["log"]:
        raise UserError(
            "the only tag that is known here is log, of an interval", next_step="write tag(log, interval(1e-5, 1e-2))"
        )
    if inner.low <= 0:
        raise UserError(f"a logarithmic interval begins above 0, not at {inner.low}", next_step="raise its start")
    return replace(inner, log=True)


def _cast(name: str, inner: Word) -> Word:
    if not isinstance(inner, Interval):
        raise UserError(f"{name}(...) is taken of an interval alone", next_step="write the values as they are to be")
    if name == "float":
        return replace(inner, whole=False)
    low, high = math.ceil(inner.low), math.floor(inner.high)
    if not low < high:
        raise UserError("this interval has not two whole numbers", next_step="widen it, or write choice(...)")
    return replace(inner, low=low, high=high, whole=True)


def _range(arguments: Sequence[str], read: Read, most: int) -> Several:
    given = {"step": 1, **_numbers(arguments, ("start", "stop", "step"), read)}
    if "stop" not in given and "start" in given:
        given = {"start": 0, "stop": given["start"], "step": given["step"]}
    if given.keys() != {"start", "stop", "step"} or not given["step"]:
        raise UserError("a range has a stop, and may have a start and a step, all numbers", next_step=_A_RANGE)
    from decimal import Decimal  # hardly any change of a file has a range

    start, stop, step = (Decimal(repr(given[each])) for each in ("start", "stop", "step"))
    count = math.ceil((stop - start) / step)
    if count < 1:
        raise UserError(f"a range from {start} to {stop} by {step} has no value", next_step="its stop is none of its values")
    if count > most:
        next_step = f"`exp-queue sweep` draws from int(interval({start}, {stop})) without making them"
        raise UserError(f"this range has {count:,} values, more than {most:,}", next_step=next_step)
    whole = all(isinstance(each, int) for each in given.values())
    return Several(tuple((int if whole else float)(start + number * step) for number in range(count)))


def _numbers(arguments: Sequence[str], names: Sequence[str], read: Read) -> dict[str, float]:
    """The arguments by their names, the first ones by their places; nothing where one is no number, or has another name."""
    found: dict[str, float] = {}
    for place, text in enumerate(arguments):
        named = _NAMED.fullmatch(text)
        name, value = (named[1], read(named[2].strip())) if named else (dict(enumerate(names)).get(place, ""), read(text))
        if name not in names or name in found or not _is_finite(value):
            return {}
        assert isinstance(value, (int, float))
        found[name] = value
    return found


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_READERS: dict[str, Callable[[Sequence[str], Read, int], Word]] = {
    "choice": _choice,
    "interval": _interval,
    "range": _range,
    "tag": _tagged,
}
