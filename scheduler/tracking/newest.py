"""What a running attempt has logged last, from the end of its metric log: a look costs the same, however long that is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scheduler.tracking.metric_log import parsed_rows
from scheduler.tracking.readers.rows import Row

END = 64 * 1024  # bytes looked at


def newest(path: Path) -> Row | None:
    """The newest step, and of every metric in the last rows its newest value, those of the newest row first. None where nothing
    is logged there yet, or the file cannot be read."""
    try:
        with path.open("rb") as file:
            start = max(0, os.fstat(file.fileno()).st_size - END)
            file.seek(start)
            lines = file.read(END).split(b"\n")
    except OSError:
        return None
    rows = parsed_rows(lines[1 if start else 0 : -1])  # what was cut, and what is not whole yet, are no rows
    values: dict[str, Any] = {}
    for row in reversed(rows):
        values = {**values, **{name: value for name, value in row.values.items() if name not in values}}
    return Row(next((row.step for row in reversed(rows) if row.step is not None), None), values) if values else None
