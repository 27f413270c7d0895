"""The line of a file that an error is about, with a mark below its column."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from scheduler.errors import Place

WIDTH = 100  # characters; a JSON file may be one enormous line


def excerpt(where: Place | None) -> list[str]:
    """The line at `where` with its number, then a line with `^`; empty if there is no such line to show."""
    if where is None or not where.line:
        return []
    try:
        with Path(where.file).open(encoding="utf-8-sig") as file:
            line = next(islice(file, where.line - 1, None), "").rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return []
    column = max(where.column, 1)
    start = max(0, column - WIDTH * 3 // 4) if len(line) > WIDTH else 0
    shown = line[start : start + WIDTH].replace("\t", " ")
    if not shown.strip():
        return []
    head = f"{where.line:5} | "
    return [f"{head}{shown}", f"{' ' * (len(head) - 2)}| {' ' * (column - 1 - start)}^"]
