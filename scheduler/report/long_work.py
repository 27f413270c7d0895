"""How far work of our own has come that may take long: a line that counts on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import TypeVar

from scheduler.report.live import painter_on
from scheduler.report.text import duration
from scheduler.terminal import say

SILENCE = 1.0  # seconds for which nothing is said: what takes no longer needs no word
REDRAW = 0.5  # seconds between two frames
EVERY = 10.0  # seconds between two lines
LOOK = 64  # so many between two looks at the clock

Each = TypeVar("Each")


def counted(
    work: Iterable[Each], what: str, *, plain: bool = False, clock: Callable[[], float] = time.monotonic
) -> Iterator[Each]:
    """The same, one after another; meanwhile people see how many of `what` have come. Nothing where that is quick."""
    begun = clock()
    painter = None if plain else painter_on(sys.stderr)
    due = begun + (SILENCE if painter else EVERY)
    with painter or nullcontext():
        for number, each in enumerate(work, 1):
            yield each
            if number % LOOK == 0 and (now := clock()) >= due:
                due = now + (REDRAW if painter else EVERY)
                text = f"{number:,} {what} so far, {duration(now - begun)}"
                if painter:
                    painter.draw([((text, "dim"),)])
                else:
                    say(text)
