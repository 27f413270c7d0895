"""What a running attempt has logged last, in a small file beside its logs: who reads them leaves it for whoever looks.

Those who look may be many, and look often; a W&B log or an output would have to be read from its start by each of them.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scheduler.tracking.logged import Logged, restored
from scheduler.tracking.readers.rows import Row

if TYPE_CHECKING:
    from scheduler.tracking.readers.follower import Follower

NEWEST = ".newest.json"
EVERY = 2.0  # seconds between two of them, at least


def leave(directory: Path, found: Logged) -> None:
    """Whole or not at all. No room or no right to write is no error: then nobody sees it before the end."""
    draft = directory / f"{NEWEST}.{os.getpid()}"
    with contextlib.suppress(OSError):
        try:
            draft.write_text(json.dumps(found.without_curves()), encoding="utf-8")
            draft.replace(directory / NEWEST)
        except OSError:
            draft.unlink(missing_ok=True)


class Grown(NamedTuple):
    """How many rows were read, and when the last of them was, on the monotonic clock."""

    rows: int = 0
    at: float = 0.0


class Leaving:
    """Leaves what `follower` has read in its directory, when there is something new, and not too often. `grown`: how much that
    is."""

    def __init__(self, directory: Path, follower: Follower) -> None:
        self._directory, self._follower = directory, follower
        self.grown = Grown()
        self._last = -math.inf
        self._has_news = False

    def look(self, rows: Sequence[Row]) -> None:
        """These have come. Of the metric log nothing is left, nor of a log whose place it has taken: whoever looks reads it as
        quickly."""
        from scheduler.tracking.readers.kinds import METRIC_LOG  # with all readers: whoever has a follower has them

        if rows:
            self._has_news, self.grown = True, Grown(self.grown.rows + len(rows), time.monotonic())
        if self._has_news and not self.patience():
            self._last, self._has_news = time.monotonic(), False
            if self._follower.source == METRIC_LOG:
                clear(self._directory)
            else:
                leave(self._directory, self._follower.logged())

    def patience(self) -> float | None:
        """Seconds after which `look` wants to be called, with or without rows; None: there is nothing to leave."""
        return max(0.0, self._last + EVERY - time.monotonic()) if self._has_news else None


def left(directory: Path) -> Logged | None:
    """What was left there last, without curves; None where that is nothing."""
    try:
        return restored(json.loads((directory / NEWEST).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def clear(directory: Path) -> None:
    """What it said is kept elsewhere now."""
    with contextlib.suppress(OSError):
        (directory / NEWEST).unlink(missing_ok=True)
