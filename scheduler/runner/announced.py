"""What a runner tells other processes of the jobs that it has, and of the machines that it sends them to."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack

from scheduler.queue.mine import Mine, ranges_of
from scheduler.runner.devices import Devices
from scheduler.runner.left_out import Choice
from scheduler.runner.plan import Wait
from scheduler.runner.presence import Bound, Ranges, present

SELDOM = 0.5  # seconds between two writes, whatever happens there


class Announced:
    """Within it others see which jobs these are. Of this machine nothing more is told: whoever asks sees it himself."""

    def __init__(self, mine: Mine, devices: Devices, choice: Choice, seldom: float = SELDOM) -> None:
        self._mine, self._devices, self._choice, self._seldom = mine, devices, choice, seldom
        self._numbers: Ranges = ()
        self._kept_back: tuple[object, Sequence[tuple[str, Ranges]]] = ((), ())
        self._said: Bound | None = None
        self._next: Bound | None = None  # what is to be said when it is time
        self._due = 0.0

    def __enter__(self) -> Announced:
        self._numbers, self._edition = self._mine.ranges(), self._mine.edition
        self._said = self._bound((), self._devices.default_slots, "") if self._devices.are_elsewhere else None
        with ExitStack() as stack:
            self._say = stack.enter_context(present(self._mine.store.home, self._numbers, self._said))
            self._left = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def look(self, waits: Sequence[Wait], slots: int, trouble: str) -> None:
        """A turn of the loop has come to this; the three as `Bound` has them."""
        is_more = self._mine.edition != self._edition
        if is_more:
            self._numbers, self._edition = self._mine.ranges(), self._mine.edition
        if not (is_more or self._devices.are_elsewhere):
            return
        bound = self._bound(waits, slots, trouble)
        self._next = bound if bound != self._said else None
        if self._next and (is_more or time.monotonic() >= self._due):
            self._said, self._next, self._due = bound, None, time.monotonic() + self._seldom
            self._say(bound)

    def patience(self, now: float) -> float | None:
        """Seconds until there is something to say; None: not before something happens."""
        return max(0.001, self._due - now) if self._next else None

    def _bound(self, waits: Sequence[Wait], slots: int, trouble: str) -> Bound:
        devices = self._devices
        if not devices.are_elsewhere:
            return Bound(self._numbers, os.getpid())
        reasons = {each.job.number: each.reason for each in waits}
        return Bound(self._numbers, os.getpid(), devices.on, devices.note, slots, reasons, self._back(), trouble)

    def _back(self) -> Sequence[tuple[str, Ranges]]:
        """The same value as long as nothing has changed: they may be many."""
        found = self._choice.kept_back
        mark = [(why, len(numbers)) for why, numbers in found]
        if mark != self._kept_back[0]:
            self._kept_back = mark, [(why, ranges_of(numbers)) for why, numbers in found]
        return self._kept_back[1]
