"""Writes logs piece by piece, and waits for rows as the one loop does: asleep in `select`, and awake only when the follower asks
for it."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from pathlib import Path

from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.rows import Row


def listen(follower: Follower, enough: Callable[[list[Row]], bool], seconds: float = 100) -> list[Row]:
    """The rows that came until there were enough; an assertion fails if the follower sleeps on for so long."""
    found, deadline = follower.read(), time.monotonic() + seconds
    while not enough(found):
        patience = follower.patience()
        left = deadline - time.monotonic()
        assert left > 0, f"only {found} came, from {follower.source!r}"
        ready, _, _ = select.select([follower], [], [], left if patience is None else min(patience, left))
        assert ready or patience is not None, f"nothing woke the reader; so far {found}"
        found += follower.read()
    return found


def put(path: Path, content: str | bytes) -> None:
    """Append to a log, which is made with its folders where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(content.encode() if isinstance(content, str) else content)
