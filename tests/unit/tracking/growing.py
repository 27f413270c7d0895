"""A log that grows in pieces while a reader looks at it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from scheduler.tracking.readers.rows import Reader, Row


def rows_of(content: bytes, cuts: Iterable[int], reader: Callable[[Path], Reader], *, finish: bool = True) -> list[Row]:
    """What a reader finds that looks whenever the file has grown to one of `cuts`, and at the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        opened = reader(path)
        found = opened.read()
        for end in sorted({*(min(cut, len(content)) for cut in cuts), len(content)}):
            path.write_bytes(content[:end])
            found += opened.read()
            while opened.behind:
                found += opened.read()
        return found + (opened.finish() if finish else [])
