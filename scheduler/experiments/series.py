"""The experiments of a plain grid, made by filling in forms: what they have in common is worked out once for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from json.encoder import encode_basestring_ascii

from scheduler.experiments.configurations.configurations import Axis, Config, get, put
from scheduler.experiments.experiment import GROUP_KEY, Experiment, arguments_with_group, canonical, known
from scheduler.experiments.forms import (
    AS_WRITTEN,
    CANONICAL,
    WHOLE,
    Form,
    Words,
    argv,
    as_json,
    as_list,
    blanked,
    form,
    joined,
    words_of,
)

FEW = 50  # experiments: for fewer, forms cost more than they save

KnownLine = Callable[[str], tuple[tuple[str, ...] | None, str | None]]
Texts = tuple[str, ...]  # what a value writes into the forms, one after another
Spots = list[tuple[list[str], int]]  # the pieces of forms, and which of them these are


def series(config: Config, axes: Sequence[Axis], like: Experiment) -> Iterator[Experiment]:
    """Every combination of these axes, one or more, the last fastest: each is `like` this experiment, with arguments of its own.
    What its id is made of is known already, and its command line where that is easy. No axis lies inside another."""
    lanes = [lane for axis in axes for lane in axis.lanes()]
    blank, words, numbers = blanked(config, lanes), words_of(like.launch, lanes), iter(range(len(lanes)))
    arguments, content, line = form(joined(as_json(blank, AS_WRITTEN))), _content(blank, like), argv(like.launch, blank, words)
    text = as_list(line) if line else None
    forms = [arguments, content, *([line, text] if line and text and words else [])]
    own = [list(islice(numbers, len(axis.lanes()))) for axis in axes]
    spots = [[(each.pieces, each.places[number]) for number in some for each in forms] for some in own]
    texts = [_texts(config, axis.lanes(), words) for axis in axes]
    made, known_line = known(like), _known_line(line, text, like)
    for _ in _turns([texts[0], *map(list, texts[1:])], spots):  # those of the first axis are needed once
        said = "".join(arguments.pieces)
        yield made(said, tuple(content.pieces), *known_line(said))


def _content(blank: Config, like: Experiment) -> Form:
    grouped = blank if like.group is None else {**blank, GROUP_KEY: like.group}
    return form(joined(["[", canonical(list(like.command)), ",", *as_json(grouped, CANONICAL), "]"]))


def _texts(config: Config, lanes: Sequence[Axis], words: Words | None) -> Iterator[Texts]:
    """For each step of an axis, what its keys write into each form."""
    for values in zip(*(lane.values for lane in lanes), strict=True):
        yield tuple(text for lane, value in zip(lanes, values, strict=True) for text in _of_value(config, lane, value, words))


def _of_value(config: Config, lane: Axis, value: object, words: Words | None) -> Texts:
    if isinstance(value, dict):
        value = get(put(config, lane.path, value), lane.path)  # merged with what is there
    text = str(value) if type(value) is int else AS_WRITTEN.encode(value)  # which makes an encoder for each number
    plain = not isinstance(value, (dict, list))
    sorted_text = text if plain else canonical(json.loads(text))
    if words is None:
        return (text, sorted_text)
    word = words(lane.path, value if plain else json.loads(text))[-1]
    return (text, sorted_text, word, encode_basestring_ascii(word))


def _turns(texts: Sequence[Iterable[Texts]], spots: Sequence[Spots]) -> Iterator[None]:
    """Fills in the forms, once for each combination."""
    inner, inside = texts[1:], spots[1:]
    for each in texts[0]:
        for (pieces, place), text in zip(spots[0], each, strict=True):
            pieces[place] = text
        if inner:
            yield from _turns(inner, inside)
        else:
            yield


def _known_line(line: Form | None, text: Form | None, like: Experiment) -> KnownLine:
    """What gives the command line and its JSON text, as the forms stand, for arguments that are known. None for a text that is as
    soon made of the line: of one with all arguments in one word."""
    if line is None or text is None:
        return lambda arguments: (None, None)
    if WHOLE not in line.places:
        return lambda arguments: (tuple(line.pieces), "".join(text.pieces))

    def with_the_whole(arguments: str) -> tuple[tuple[str, ...], None]:
        line.pieces[line.places[WHOLE]] = arguments_with_group(arguments, like.group) if like.passes_group else arguments
        return tuple(line.pieces), None

    return with_the_whole
