"""Texts that are the same for all experiments of a grid but for a few places, and what stands there for each value. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from json.encoder import encode_basestring_ascii
from typing import Any

from scheduler.experiments.command.command import Launch, Slot
from scheduler.experiments.command.styles import HYDRA, STYLES, hydra
from scheduler.experiments.configurations.configurations import Axis, Config, Path, leaves, put
from scheduler.experiments.experiment import canonical
from scheduler.values import dataclass

WHOLE = -1  # the number of the blank that stands for all arguments as JSON
_FIXED = ("args", "args_no_equals", "args_no_hyphens")  # styles in which every value has as many words

Words = Callable[[Path, object], list[str]]  # the words for one key of the configuration; the last alone knows its value


@dataclass(frozen=True)
class Blank:
    """The place of a key of the grid, by the key's number."""

    number: int


@dataclass(frozen=True)
class Form:
    """A text in its pieces, or a command in its words. `places` says which piece belongs to the blank with a number."""

    pieces: list[str]
    places: dict[int, int]


@dataclass(frozen=True)
class Written:
    """How JSON is written."""

    encode: Callable[[object], str]
    comma: str
    colon: str
    order: Callable[[Config], Iterable[str]]


def read_back(value: object) -> Any:
    """What a reader of its JSON has."""
    return json.loads(_encode(value))


_encode = json.JSONEncoder().encode
AS_WRITTEN = Written(_encode, ", ", ": ", iter)
CANONICAL = Written(lambda value: canonical(read_back(value)), ",", ":", lambda config: sorted(config, key=read_back))


def blanked(config: Config, lanes: Sequence[Axis]) -> Config:
    """The configuration with a blank for each of these keys."""
    for number, lane in enumerate(lanes):
        config = put(config, lane.path, Blank(number))
    return config


def as_json(value: object, how: Written) -> Iterator[str | Blank]:
    """The pieces of JSON; blanks may be values of mappings."""
    if isinstance(value, Blank):
        yield value
    elif isinstance(value, dict) and value:
        for number, key in enumerate(how.order(value)):
            yield f"{how.comma if number else '{'}{how.encode(key)}{how.colon}"
            yield from as_json(value[key], how)
        yield "}"
    else:
        yield how.encode(value)


def form(parts: Iterable[str | Blank]) -> Form:
    """Of pieces or words, in their order."""
    listed = list(parts)
    places = {part.number: place for place, part in enumerate(listed) if isinstance(part, Blank)}
    return Form([part if isinstance(part, str) else "" for part in listed], places)


def as_list(words: Form) -> Form:
    """These words as a list in JSON, as `command_as_json` writes it."""
    numbers = {place: number for number, place in words.places.items()}
    parts: list[str | Blank] = ["["]
    for place, word in enumerate(words.pieces):
        parts += [", "] if place else []
        parts.append(Blank(numbers[place]) if place in numbers else encode_basestring_ascii(word))
    return form(joined([*parts, "]"]))


def joined(parts: Iterable[str | Blank]) -> Iterator[str | Blank]:
    """The same with texts that follow one another as one."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
        else:
            yield from (text, part)
            text = ""
    yield text


def words_of(launch: Launch, lanes: Sequence[Axis]) -> Words | None:
    """What a key of the configuration brings into the command, where that is fixed but for one place which takes the keys one by
    one, and each value of these keys fills one word there; else None."""
    slots = [token for token in launch if isinstance(token, Slot)]
    if len(slots) != 1 or not all(isinstance(token, (str, Slot)) for token in launch):
        return None
    name = slots[0].name
    if name in HYDRA:
        takes_apart = any(isinstance(value, dict) for lane in lanes for value in lane.values)
        return None if takes_apart else partial(_hydra, HYDRA[name], dict(slots[0].groups))
    return partial(_flag, name) if name in _FIXED and all(len(lane.path) == 1 for lane in lanes) else None


def _hydra(sign: str, groups: dict[str, str], path: Path, value: object) -> list[str]:
    return hydra(put({}, path, value), sign, groups)


def _flag(style: str, path: Path, value: object) -> list[str]:
    return STYLES[style]({path[0]: value})


def argv(launch: Launch, blank: Config, words: Words | None) -> Form | None:
    """The words of the command line; None where they are not to be known like this."""
    if words is None:
        places = [token for token in launch if not isinstance(token, str)]
        if len(places) > 1 or any(token != Slot("args_json") for token in places):
            return None
    return form(_words(launch, blank, words))


def _words(launch: Launch, blank: Config, words: Words | None) -> Iterator[str | Blank]:
    for token in launch:
        if isinstance(token, str):
            yield token
        elif words is None:
            yield Blank(WHOLE)
        else:
            yield from _arguments(blank, words, apart=isinstance(token, Slot) and token.name in HYDRA)


def _arguments(blank: Config, words: Words, *, apart: bool) -> Iterator[str | Blank]:
    for path, value in leaves(blank) if apart else (((key,), value) for key, value in blank.items()):
        if isinstance(value, Blank):
            yield from words(path, None)[:-1]
            yield value
        else:
            yield from words(path, read_back(value))
