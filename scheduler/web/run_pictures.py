"""The pictures of an attempt: those that its index names, from its own directory, and nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scheduler.queue.job import Attempt
from scheduler.tracking.media_log import media_of
from scheduler.web.documents.pictures import kind_of

MOST = 32 << 20  # bytes


def picture(attempt: Attempt, name: str) -> tuple[bytes, str] | None:
    """What stands in the file that the index calls so, and its type, as the content has it; None where the index names no such
    picture, or where it is none that a browser draws without running anything. A link out of the directory is not followed."""
    place = Path(attempt.directory)
    if name not in set(_named(place)):
        return None
    content = _read(place, name)
    kind = kind_of(content) if content else None
    return (content, kind) if content and kind else None


def _named(place: Path) -> Iterator[str]:
    for row in media_of(place):
        yield from _files(row)


def _files(row: dict[str, Any]) -> Iterator[str]:
    if row.get("kind") == "image" and isinstance(row.get("file"), str):
        yield row["file"]
    cells = row.get("rows")
    for each in cells if isinstance(cells, list) else ():
        for cell in each if isinstance(each, list) else ():
            if isinstance(cell, dict) and isinstance(cell.get("file"), str):
                yield cell["file"]


def _read(place: Path, name: str) -> bytes | None:
    """From folder to folder, each opened below the one before, and none of them a link."""
    parts = name.split("/")
    if not all(part not in ("", ".", "..") and "\0" not in part for part in parts):
        return None
    handles: list[int] = []
    try:
        handles.append(os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        for part in parts[:-1]:
            handles.append(os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handles[-1]))
        handles.append(os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handles[-1]))
        status = os.fstat(handles[-1])
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST:
            return None
        with open(handles[-1], "rb", closefd=False) as file:
            return file.read(MOST)
    except OSError:
        return None
    finally:
        for handle in handles:
            os.close(handle)
