"""How far work of our own has come that may take long: a line that counts on a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from scheduler.actions.advance import Advance
from scheduler.report.text import duration
from scheduler.report.viewing import painter_on
from scheduler.terminal import say

if TYPE_CHECKING:
    from scheduler.report.painter import Painter

SILENCE = 1.0  # seconds for which nothing is said: what takes no longer needs no word
REDRAW = 0.5  # seconds between two frames
EVERY = 10.0  # seconds between two lines
LOOK = 64  # so many between two looks at the clock

Each = TypeVar("Each")


def counted(
    work: Iterable[Each], what: str, *, plain: bool = False, clock: Callable[[], float] = time.monotonic
) -> Iterator[Each]:
    """The same, one after another; meanwhile people see how many of `what` have come. Nothing where that is quick."""
    with _telling(plain=plain, clock=clock) as telling:
        for number, each in enumerate(work, 1):
            yield each
            if number % LOOK == 0 and telling.is_due():
                telling.tell(f"{number:,} {what} so far")


@contextmanager
def advancing(*, clock: Callable[[], float] = time.monotonic) -> Iterator[Advance]:
    """Who hears how far some work is; people see it where it takes long."""
    with _telling(plain=False, clock=clock) as telling:

        def advance(what: str, done: int, of: int) -> None:
            if telling.is_due():
                telling.tell(f"{what}: {min(done / of, 1.0):.0%}" if of else what)

        yield advance


class _Telling:
    """Says a text when it is time for one, and for how long the work has gone on."""

    def __init__(self, painter: Painter | None, clock: Callable[[], float]) -> None:
        self._painter, self._clock = painter, clock
        self._begun = self._now = clock()
        self._due = self._begun + (SILENCE if painter else EVERY)

    def is_due(self) -> bool:
        self._now = self._clock()
        return self._now >= self._due

    def tell(self, what: str) -> None:
        self._due = self._now + (REDRAW if self._painter else EVERY)
        text = f"{what}, {duration(self._now - self._begun)}"
        if self._painter:
            self._painter.draw([((text, "dim"),)])
        else:
            say(text)


@contextmanager
def _telling(*, plain: bool, clock: Callable[[], float]) -> Iterator[_Telling]:
    painter = None if plain else painter_on(sys.stderr)
    telling = _Telling(painter, clock)
    with painter or nullcontext():
        yield telling
