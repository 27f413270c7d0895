"""Rows for people (aligned columns) and for programs (JSON)."""

from __future__ import annotations

import json
import math
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from scheduler.terminal import line, safe, until_the_reader_leaves


def print_table(rows: Sequence[Mapping[str, str]], file: TextIO) -> None:
    """Aligned columns, in the order of the first row's keys. On a terminal the widest column is cut to fit; in a pipe nothing is.

    A column that is empty in every row is left out. (A table library took 0.3 s for 1000 rows; this takes some milliseconds.)
    """
    names = [name for name in (rows[0] if rows else {}) if any(row[name] for row in rows)]
    columns = [[safe(name), *(safe(row[name]) for row in rows)] for name in names]
    widths = [max(map(cells, column)) for column in columns]
    if file.isatty():
        widths = _fitted(widths, shutil.get_terminal_size().columns)
    for row in zip(*columns, strict=True):
        padded = (_padded(text, width) for text, width in zip(row, widths, strict=True))
        line("  ".join(padded).rstrip(), file)


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters (Unicode's East Asian Width W and F) take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)


def _fitted(widths: list[int], room: int) -> list[int]:
    excess = sum(widths) + 2 * (len(widths) - 1) - room
    widest = widths.index(max(widths)) if widths else 0
    return [max(8, width - excess) if excess > 0 and index == widest else width for index, width in enumerate(widths)]


def _padded(text: str, width: int) -> str:
    while cells(text) > width:
        text = text[:-2] + "…"
    return text + " " * (width - cells(text))


def print_json(value: Any, file: TextIO) -> None:
    """One document of standard JSON, indented. It has no NaN and no infinities: they become the texts "NaN", "Infinity"
    and "-Infinity"."""
    with until_the_reader_leaves(file):
        file.write(json.dumps(standard(value), indent=2, allow_nan=False) + "\n")


def standard(value: Any) -> Any:
    """The value with those texts in the place of NaN and infinities."""
    if isinstance(value, Mapping):
        return {name: standard(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [standard(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    return value
