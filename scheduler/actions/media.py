"""What an attempt has shown beside numbers."""

from __future__ import annotations

from pathlib import Path

from scheduler.queue.job import Attempt
from scheduler.tracking.media_log import INDEX, media_of
from scheduler.values import dataclass


@dataclass(frozen=True)
class Shown:
    """An image, a histogram, a table, or a saved file. `path` is that of the picture or the file; histograms and tables stand in
    the index."""

    kind: str
    name: str
    step: int | None
    path: str


def shown(attempt: Attempt) -> list[Shown]:
    """All of it, in the order in which it came; nothing where nothing was shown, or where it cannot be read."""
    place = Path(attempt.directory)
    found = []
    for row in media_of(place):
        step = row.get("_step")
        path = str(place / str(row.get("file") or INDEX))
        found.append(Shown(str(row.get("kind")), str(row.get("name")), step if isinstance(step, int) else None, path))
    return found
