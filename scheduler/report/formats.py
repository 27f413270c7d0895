"""Rows of values for programs: JSON, JSON lines, CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from scheduler.report.tables import print_json, standard
from scheduler.terminal import data

TEXTS = ("json", "csv", "jsonl")


def print_rows(rows: Sequence[Mapping[str, Any]], style: str, file: TextIO) -> None:
    """Rows to `file` in one of TEXTS."""
    if style == "json":
        print_json(rows, file)
    else:
        data(lines(rows, style), file)


def lines(rows: Sequence[Mapping[str, Any]], style: str) -> Iterable[str]:
    """The lines of a CSV (RFC 4180, but for ends of lines, which are newlines; its header has every name of any row) or of JSON
    lines. Texts in a CSV are as they were logged, also where a spreadsheet would take one for a formula."""
    if style == "jsonl":
        return (json.dumps(standard(row), allow_nan=False) + "\n" for row in rows)
    return _csv(list(dict.fromkeys(name for row in rows for name in row)), rows)


class _Line:
    """What csv.writer writes to: hands its last line back."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    line = _Line()
    writer = csv.writer(line, lineterminator="\n")
    for row in ([*names], *([cell(row.get(name)) for name in names] for row in rows)) if names else ():
        writer.writerow(row)
        yield line.text


def cell(value: object) -> str:
    """A value in a CSV: nothing for None, numbers as Python and pandas read them, JSON for what is nested.

    >>> [cell(each) for each in (None, True, 1e-3, float("nan"), float("-inf"), "=1+1", [1, "a"])]
    ['', 'true', '0.001', 'nan', '-inf', '=1+1', '[1, "a"]']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, float) else json.dumps(value)
