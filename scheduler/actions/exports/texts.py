"""Rows of values as text for programs: JSON lines and CSV; and what their columns are called. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any


def lines(rows: Iterable[Mapping[str, Any]], style: str, names: Sequence[str] | None = None) -> Iterator[str]:
    """The lines of a CSV (RFC 4180, but for ends of lines, which are newlines; its header has every name of any row) or of JSON
    lines. Texts in a CSV are as they were logged, also where a spreadsheet would take one for a formula. `names`: of the columns,
    where they are known before; then no row is kept."""
    if style == "jsonl":
        return (json.dumps(standard(row), allow_nan=False) + "\n" for row in rows)
    if names is None:
        rows = list(rows)
        names = list(dict.fromkeys(name for row in rows for name in row))
    return _csv(names, rows)


def heads(names: Iterable[str], taken: Collection[str], before: str) -> dict[str, str]:
    """What columns are called that stand beside those in `taken`: as they are or, where another is called so, with `before` in
    front of it.

    >>> heads(["loss", "time", "loss"], ("id", "time"), "last.")
    {'loss': 'loss', 'time': 'last.time'}
    """
    found: dict[str, str] = {}
    used = set(taken)
    for name in dict.fromkeys(names):
        head = name
        while head in used:
            head = before + head
        used.add(head)
        found[name] = head
    return found


class _Line:
    """What csv.writer writes to: hands its last line back."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    import csv

    line = _Line()
    writer = csv.writer(line)  # with its own end of lines it puts a text in quotes that has a carriage return alone
    for row in ([*names], *([cell(row.get(name)) for name in names] for row in rows)) if names else ():
        writer.writerow(row)
        yield line.text.removesuffix("\r\n") + "\n"


def cell(value: object) -> str:
    """A value in a CSV: nothing for None, numbers as Python and pandas read them, JSON for what is nested.

    >>> [cell(each) for each in (None, True, 1e-3, float("nan"), float("-inf"), "=1+1", [1, "a"])]
    ['', 'true', '0.001', 'nan', '-inf', '=1+1', '[1, "a"]']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else json.dumps(value)


def standard(value: Any) -> Any:
    """The value with those texts in the place of NaN and infinities."""
    if isinstance(value, Mapping):
        return {name: standard(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [standard(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    return value


def sound(value: Any) -> Any:
    """The value with escapes in the place of halves of letters, which JSON may have and UTF-8 has not.

    >>> sound({"half \\ud83d": ["größer", 1]})
    {'half \\\\ud83d': ['größer', 1]}
    """
    if isinstance(value, Mapping):
        return {sound(name): sound(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [sound(each) for each in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
