"""How far the preparation of images is, or their reading, which may take minutes: on standard error, where it takes long."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

SILENCE, REDRAW = 1.0, 0.5  # seconds, on a terminal: of nothing at all, and between two states of the one line there
EVERY = 10.0  # seconds between two lines elsewhere, as in the log of a job
Image = TypeVar("Image")


def counted(
    images: Iterable[Image], of: int = 0, clock: Callable[[], float] = time.monotonic, what: str = "images prepared"
) -> Iterator[Image]:
    """The same, one after another; `of`: how many there will be, 0 where nobody knows."""
    begun, shown = clock(), ""
    in_place = bool(sys.stderr and sys.stderr.isatty())
    due = begun + (SILENCE if in_place else EVERY)
    total = f" of {of:,}" if of else ""
    try:
        for number, image in enumerate(images, 1):
            yield image
            if (now := clock()) >= due:
                due = now + (REDRAW if in_place else EVERY)
                shown = f"{number:,}{total} {what} after {now - begun:.0f} s"
                tell(shown, "\r" if in_place else "\n")
    finally:
        if shown and in_place:
            tell(" " * len(shown), "\r")


def tell(sentence: str, end: str = "\n") -> None:
    """On standard error, where there is one, and room for it."""
    with contextlib.suppress(OSError):
        print(sentence, end=end, file=sys.stderr, flush=True)
