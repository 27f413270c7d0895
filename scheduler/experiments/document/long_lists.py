"""YAML in which long lists of numbers are read in one piece: PyYAML makes an event with two marks of each, we a value and a mark.

The text is shortened first: one word stands for many numbers in a row. Where the word does not come back as an item of a list, by
itself, the numbers were part of a text, a comment or a key. Then, and for whatever is wrong, the text is read as it was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from scheduler.errors import UserError
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.document.marks import Mark
from scheduler.experiments.document.yaml_reader import Builder, events, parse

LONG = 100  # numbers: fewer cost nothing worth a second look
_WORD = "\ue000"  # begins what stands for numbers; for private use, so that a text hardly has it
# Numbers that mean the same in JSON and in YAML 1.2, each with the comma behind it.
_NUMBERS = re.compile(r"(?<![\w.+-])(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?[ \t\r\n]*,[ \t\r\n]*)+")


class _InDoubt(Exception):
    """The short text may mean something else than the long one."""


def read(text: str, file: str, limits: Limits = DEFAULT) -> tuple[object, Callable[[], Mark]]:
    """The value of a YAML text, and what finds its marks. Raises UserError as `parse` does."""
    short, numbers = _shortened(text)
    if numbers:
        with suppress(_InDoubt, UserError):
            return _value(short, file, limits, numbers), cache(lambda: parse(text, file, limits)[1])
    value, mark = parse(text, file, limits)
    return value, lambda: mark


def _shortened(text: str) -> tuple[str, dict[str, list[Any]]]:
    """The text, and what its words stand for; the same text without any where it has no long lists of numbers."""
    if text.count(",") < LONG or _WORD in text:
        return text, {}
    numbers: dict[str, list[Any]] = {}

    def word(found: re.Match[str]) -> str:
        if found[0].count(",") < LONG:
            return found[0]
        with suppress(ValueError):  # too many digits
            name = f"{_WORD}{len(numbers)}"
            numbers[name] = json.loads(f"[{found[0].rstrip()[:-1]}]")
            return f"{name}, "
        return found[0]

    return _NUMBERS.sub(word, text), numbers


def _value(short: str, file: str, limits: Limits, numbers: dict[str, list[Any]]) -> object:
    builder = _ShortBuilder(file, limits, numbers)
    for event in events(short, file, limits):
        builder.take(event)
    if builder.root is None or builder.numbers:
        raise _InDoubt
    return builder.root[0]


class _ShortBuilder(Builder):
    """Takes `numbers` for the words that stand for them; what is left of these was not met."""

    def __init__(self, file: str, limits: Limits, numbers: dict[str, list[Any]]) -> None:
        super().__init__(file, limits)
        self.numbers = numbers

    def _take_ScalarEvent(self, event: Any) -> None:  # noqa: N802 - named after PyYAML's events
        found = self.numbers.pop(event.value, None)
        if found is None:
            super()._take_ScalarEvent(event)
            return
        frame = self.stack[-1] if self.stack else None
        if frame is None or not isinstance(frame.value, list) or event.anchor or not event.implicit[0]:
            raise _InDoubt
        frame.value.extend(found)
        frame.size += len(found)
        if frame.size > self.limits.values:
            raise _InDoubt
