"""Rows for people (aligned columns) and for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from scheduler.actions.exports.texts import lines, standard
from scheduler.report.apart import apart
from scheduler.report.columns import GAP, PLAIN, Layout, fitted
from scheduler.report.text import cells
from scheduler.terminal import data, line, safe, say, until_the_reader_leaves


def print_table(rows: Sequence[Mapping[str, str]], file: TextIO, layout: Layout = PLAIN) -> None:
    """Aligned columns, in the order of the first row's keys; a column that is empty in every row is left out.

    In a pipe nothing is cut. On a terminal the table is made to fit: what tells rows apart stays, `layout` says what goes, and
    which columns had no room is said. (A table library took 0.3 s for 1000 rows; this takes some milliseconds.)
    """
    names = [name for name in (rows[0] if rows else {}) if any(row[name] for row in rows)]
    columns = {name: [safe(row[name]) for row in rows] for name in names}
    widths = {name: max(map(cells, (safe(name), *column))) for name, column in columns.items()}
    room = _columns() if file.isatty() else sum(widths.values()) + GAP * len(widths)
    shown = fitted(widths, room, layout)
    heads = {name: _head(safe(name), [*map(safe, shown)], width) for name, width in shown.items()}
    texts = [[heads[name], *_within(columns[name], width, layout.anew.get(name))] for name, width in shown.items()]
    for row in zip(*texts, strict=True):
        padded = (text + " " * (width - cells(text)) for text, width in zip(row, shown.values(), strict=True))
        line((" " * GAP).join(padded).rstrip(), file)
    if left_out := [name for name in names if name not in shown]:
        say(f"no room here for {', '.join(left_out)}: a wider terminal has them, and a pipe")


def _head(name: str, names: Sequence[str], width: int) -> str:
    """The name of a column in so much room, unlike those of the others."""
    return name if cells(name) <= width else apart(names, width)[names.index(name)]


def _columns() -> int:
    import shutil  # with three libraries that compress files

    return shutil.get_terminal_size().columns


def _within(column: Sequence[str], width: int, anew: Callable[[int], Sequence[str]] | None) -> Sequence[str]:
    if all(cells(text) <= width for text in column):
        return column
    return apart([safe(text) for text in anew(width)] if anew else column, width)


def print_json(value: Any, file: TextIO) -> None:
    """One document of standard JSON, indented. It has no NaN and no infinities: they become the texts "NaN", "Infinity"
    and "-Infinity"."""
    with until_the_reader_leaves(file):
        file.write(json.dumps(standard(value), indent=2, allow_nan=False) + "\n")


def print_rows(rows: Sequence[Mapping[str, Any]], style: str, file: TextIO) -> None:
    """Rows as "json", "csv" or "jsonl"."""
    if style == "json":
        print_json(rows, file)
    else:
        data(lines(rows, style), file)
