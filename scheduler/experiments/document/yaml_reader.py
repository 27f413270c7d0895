"""YAML 1.2 with places: PyYAML reads the text into events; this module builds plain values and marks from them.

PyYAML's own constructors follow YAML 1.1, where `1e-3` is text, `010` is eight and `no` is false. Here the core schema
of YAML 1.2.2 (https://yaml.org/spec/1.2.2/#103-core-schema) decides. Building from the events needs no recursion, so
that depth, size and aliases are counted before anything large exists. Merge keys (`<<`) are no part of YAML 1.2; they
are kept, since people use them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from scheduler.errors import EmptyFile, Place, UserError
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.document.marks import Mark
from scheduler.experiments.document.yaml_scalars import scalar

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_CORE = "tag:yaml.org,2002:"
_MERGE = "\0<<"  # a plain `<<`; no key in a file can hold NUL
_NONE: dict[Any, Any] = {}  # what a scalar holds: dictionaries of their own take four times the room of a number
_TYPES = {"null": type(None), "bool": bool, "int": int, "float": float}


def parse(text: str, file: str, limits: Limits = DEFAULT) -> tuple[object, Mark]:
    """The value of a YAML text and its marks. Raises UserError with its place for whatever is not plain YAML."""
    builder = Builder(file, limits)
    for event in events(text, file, limits):
        builder.take(event)
    if builder.root is None:
        raise EmptyFile("the file holds nothing but comments", file)
    return builder.root


def events(text: str, file: str, limits: Limits) -> Iterator[Any]:
    """What PyYAML reads. Raises UserError with its place for what is no YAML."""
    import yaml

    try:
        yield from _parsed(text)
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        raise _too_deep(text[: mark.index], file, limits) or _syntax_error(text, file, error) from None
    except yaml.YAMLError as error:
        raise _character_error(text, file, error) from None


def _parsed(text: str) -> Iterator[Any]:
    import yaml

    return yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _too_deep(before: str, file: str, limits: Limits) -> UserError | None:
    """The refusal of what is nested too deep in the text before an error of PyYAML, or None.

    PyYAML reads ahead of its events, and since libyaml 0.2.6 it has a limit of its own on nesting, which it can meet before we
    have counted to ours. The text before that point it reads to its end.
    """
    import yaml

    depth = 0
    with suppress(yaml.YAMLError):
        for event in _parsed(before):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > limits.depth:
                fault = limits.too_deep()
                return UserError(fault.what, where=Place(file, *_position(event)), next_step=fault.next_step)
    return None


def _syntax_error(text: str, file: str, error: Any) -> UserError:
    mark = error.problem_mark or error.context_mark
    here = text[mark.index : mark.index + 1]
    if not text[mark.index :].strip():
        mark = error.context_mark or mark
        what, next_step = "the file ends before this is complete", "close the quote or bracket that is open"
    elif here == "\t":
        what, next_step = "a tab where YAML wants spaces", "indent with spaces"
    elif here == "?":
        what, next_step = 'text in brackets cannot begin with "?"', 'put quotes around it, as in "???"'
    elif here in "@`%":
        what, next_step = f'text cannot begin with "{here}"', "put quotes around it"
    else:
        what = f"not valid YAML: {error.problem}"
        next_step = "check brackets, quotes, colons and indentation here and just before"
    return UserError(what, where=_place(text, file, mark.index), next_step=next_step)


def _character_error(text: str, file: str, error: Exception) -> UserError:
    """PyYAML refuses the text for one character, and does not say where in a form that all its builds share."""
    found = _CONTROL.search(text)
    if not found:
        return UserError(f"not valid YAML: {str(error).splitlines()[0]}", where=Place(file))
    return UserError("a control character", where=_place(text, file, found.start()), next_step="remove it")


def _place(text: str, file: str, offset: int) -> Place:
    """The place of an offset, or of the end of the text where only blanks follow."""
    before = text[: min(offset, len(text.rstrip()))]
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


@dataclass
class _Frame:
    """A list or mapping that is still open. `size` counts the values in it, aliases as what they stand for."""

    value: Any
    mark: Mark
    anchor: str | None
    size: int = 1
    key: str | None = None
    merged: list[tuple[dict, Mark]] = field(default_factory=list)


class Builder:
    """Builds one document from parser events, with an explicit stack of open lists and mappings."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self.root: tuple[object, Mark] | None = None
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[object, Mark, int] | None] = {}
        self.documents = 0

    def take(self, event: Any) -> None:
        method = getattr(self, "_take_" + type(event).__name__, None)
        if method:
            method(event)

    def _error(self, event: Any, what: str, next_step: str = "") -> UserError:
        place = Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)
        return UserError(what, where=place, next_step=next_step)

    def _placed(self, event: Any, fault: UserError) -> UserError:
        return self._error(event, fault.what, fault.next_step)

    def _take_DocumentStartEvent(self, event: Any) -> None:  # noqa: N802 - named after PyYAML's events
        self.documents += 1
        if self.documents > 1:
            raise self._error(event, 'a second document begins here ("---")', "put it into a file of its own")

    def _take_ScalarEvent(self, event: Any) -> None:  # noqa: N802
        plain = event.implicit[0] and event.tag is None
        value = self._scalar(event, plain)
        if self._expects_key():
            self._open_key(event, value, plain)
        else:
            mark = Mark(*_position(event), _NONE, _NONE)
            self._register(event.anchor, value, mark, 1)
            self._add(event, value, mark, 1)

    def _scalar(self, event: Any, plain: bool) -> object:
        tag = event.tag
        if not plain and tag in (None, "!", _CORE + "str"):
            return event.value
        try:
            value = scalar(event.value)
        except ValueError:
            raise self._error(event, "this number has too many digits", "write it as text, in quotes") from None
        return value if plain else self._tagged(event, value)

    def _tagged(self, event: Any, value: object) -> object:
        kind = _TYPES.get(event.tag.removeprefix(_CORE)) if event.tag.startswith(_CORE) else None
        if kind is None:
            raise self._refused_tag(event)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise self._error(event, f'"{event.value}" is not of the type that its tag says', "remove the tag")
        return value

    def _refused_tag(self, event: Any) -> UserError:
        tag = event.tag.replace(_CORE, "!!")
        return self._error(event, f"the tag {tag} is not allowed", "an experiments file holds plain values only; remove it")

    def _take_SequenceStartEvent(self, event: Any) -> None:  # noqa: N802
        self._open(event, [], "seq")

    def _take_MappingStartEvent(self, event: Any) -> None:  # noqa: N802
        self._open(event, {}, "map")

    def _open(self, event: Any, value: object, tag: str) -> None:
        if event.tag not in (None, "!", _CORE + tag):
            raise self._refused_tag(event)
        if self._expects_key():
            raise self._error(event, f"a key must be text, found {_kind(value)}", "put quotes around it")
        if len(self.stack) >= self.limits.depth:
            raise self._placed(event, self.limits.too_deep())
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Frame(value, _mark(event), event.anchor))

    def _take_SequenceEndEvent(self, event: Any) -> None:  # noqa: N802
        frame = self.stack.pop()
        self._register(frame.anchor, frame.value, frame.mark, frame.size)
        self._add(event, frame.value, frame.mark, frame.size)

    def _take_MappingEndEvent(self, event: Any) -> None:  # noqa: N802
        _merge(self.stack[-1])
        self._take_SequenceEndEvent(event)

    def _take_AliasEvent(self, event: Any) -> None:  # noqa: N802
        if self._expects_key():
            raise self._error(event, "a key must be text, found an alias", "write the key itself")
        if event.anchor not in self.anchors:
            next_step = f"define it first with &{event.anchor}, or quote the text"
            raise self._error(event, f"*{event.anchor} stands for nothing", next_step)
        target = self.anchors[event.anchor]
        if target is None:
            raise self._error(event, f"*{event.anchor} refers to itself", "write the value out")
        self._add(event, *target)

    def _register(self, anchor: str | None, value: object, mark: Mark, size: int) -> None:
        if anchor:
            self.anchors[anchor] = (value, mark, size)

    def _expects_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def _open_key(self, event: Any, key: object, plain: bool) -> None:
        frame = self.stack[-1]
        if not isinstance(key, str):
            raise self._error(event, f"a key must be text, found {_kind(key)}", f'write "{event.value}" in quotes')
        if key in frame.mark.keys:
            first = frame.mark.keys[key][0]
            raise self._error(event, f'"{key}" is given twice', f"it was first given in line {first}; keep one")
        frame.mark.keys[key] = _position(event)
        frame.key = _MERGE if plain and key == "<<" else key

    def _add(self, event: Any, value: object, mark: Mark, size: int) -> None:
        if not self.stack:
            self.root = (value, mark)
            return
        frame = self.stack[-1]
        frame.size += size
        if frame.size > self.limits.values:
            raise self._placed(event, self.limits.too_many_values())
        self._place(event, frame, value, mark)

    def _place(self, event: Any, frame: _Frame, value: object, mark: Mark) -> None:
        if isinstance(frame.value, list):
            frame.mark.children[len(frame.value)] = mark
            frame.value.append(value)
        elif frame.key == _MERGE:
            frame.merged = self._sources(event, value, mark)
        elif frame.key is not None:
            frame.value[frame.key] = value
            frame.mark.children[frame.key] = mark
        frame.key = None

    def _sources(self, event: Any, value: object, mark: Mark) -> list[tuple[dict, Mark]]:
        pairs = [(value, mark)]
        if isinstance(value, list):
            pairs = [(item, mark.children.get(index, mark)) for index, item in enumerate(value)]
        if not all(isinstance(item, dict) for item, _ in pairs):
            raise self._error(
                event, f'"<<" merges mappings, found {_kind(value)}', "give it *name of a mapping, or a list of such"
            )
        return [(item, place) for item, place in pairs if isinstance(item, dict)]


def _merge(frame: _Frame) -> None:
    """Put what `<<` brings before the mapping's own keys, which win; among several sources the first wins."""
    value: dict = {}
    for source, mark in reversed(frame.merged):
        value |= source
        frame.mark.keys = {**mark.keys, **frame.mark.keys}
        frame.mark.children = {**mark.children, **frame.mark.children}
    frame.value = value | frame.value


def _position(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _mark(event: Any) -> Mark:
    return Mark(*_position(event))


def _kind(value: object) -> str:
    from scheduler.experiments.document.values import kind

    return kind(value)
