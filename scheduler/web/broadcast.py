"""What is new, for all who look: numbered, kept for a while, so that whoever lost the line goes on where it was."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence

from scheduler.values import dataclass

KEPT = 8 << 20  # bytes


@dataclass(frozen=True)
class News:
    """One piece of it: the place after it, and JSON."""

    place: str
    text: bytes


class Broadcast:
    """A place is `RUN-NUMBER`: RUN is another in every process, so that the place of a server that has ended means nothing to the
    next one. Any number of threads may wait, one speaks."""

    def __init__(self, kept: int = KEPT) -> None:
        self._run, self._number = os.urandom(6).hex(), 0
        self._news: deque[News] = deque()
        self._size, self._kept = 0, kept
        self._changed = threading.Condition()
        self._over = False

    @property
    def place(self) -> str:
        """Where whoever begins to listen now goes on."""
        return self._name(self._number)

    @property
    def is_over(self) -> bool:
        return self._over

    def say(self, text: bytes) -> None:
        with self._changed:
            self._number += 1
            self._news.append(News(self.place, text))
            self._size += len(text)
            while self._size > self._kept and len(self._news) > 1:
                self._size -= len(self._news.popleft().text)
            self._changed.notify_all()

    def begin_anew(self) -> None:
        """What was said before is worth nothing now: whoever listens begins from nothing."""
        with self._changed:
            self._run, self._number, self._size = os.urandom(6).hex(), 0, 0
            self._news.clear()
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more is said."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def after(self, place: str) -> Sequence[News] | None:
        """All that came after it; None where that is not known any more, or was never a place of ours."""
        with self._changed:
            return self._after(place)

    def wait(self, place: str, seconds: float) -> Sequence[News] | None:
        """The same, once there is something, or it is over, or this time has passed: then nothing."""
        with self._changed:
            found = self._after(place)
            if found is not None and not found and not self._over:
                self._changed.wait(seconds)
                found = self._after(place)
            return found

    def _after(self, place: str) -> list[News] | None:
        run, _, number = place.partition("-")
        if run != self._run or not number.isdecimal() or int(number) > self._number:
            return None
        missing = self._number - int(number)
        return None if missing > len(self._news) else list(self._news)[len(self._news) - missing :]

    def _name(self, number: int) -> str:
        return f"{self._run}-{number}"
