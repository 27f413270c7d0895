"""What a running attempt has logged last: from the end of its metric log, or from what whoever follows it has left beside it. A
look costs the same, however long its logs are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scheduler.tracking.left import left
from scheduler.tracking.metric_log import parsed_rows
from scheduler.tracking.readers.appended import lines_at_end
from scheduler.tracking.readers.rows import Row

END = 64 * 1024  # bytes looked at


def newest(directory: Path, metrics: Path) -> Row | None:
    """The newest step, and of every metric its newest value: in the last rows of its metric log, those of the newest row first;
    else in what was left in its directory. None where nothing is logged yet, or nothing can be read."""
    if row := _at_the_end(metrics):
        return row
    beside = left(directory)
    return Row(beside.step, beside.last) if beside and beside.last else None


def _at_the_end(path: Path) -> Row | None:
    rows = parsed_rows(lines_at_end(path, END))
    values: dict[str, Any] = {}
    for row in reversed(rows):
        values = {**values, **{name: value for name, value in row.values.items() if name not in values}}
    return Row(next((row.step for row in reversed(rows) if row.step is not None), None), values) if values else None
