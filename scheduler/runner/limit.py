"""How many jobs run at once: what a person has said, what is found out, or what the machine offers; as it stands now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from scheduler.pacing import AUTO
from scheduler.queue.job import Ending, Job
from scheduler.queue.mine import Mine
from scheduler.runner.attempts import Running
from scheduler.runner.devices import Devices
from scheduler.runner.notices import Paced, Resized, Warned
from scheduler.tracking.left import Grown

if TYPE_CHECKING:
    from scheduler.runner.pace import Pace

Slots = int | str | Callable[[], int] | None  # a number, AUTO, who tells it now and later, or None: what the machine offers


def slots_of(slots: Slots, devices: Devices) -> int:
    """So many at once, to begin with."""
    return slots() if callable(slots) else slots if isinstance(slots, int) else devices.default_slots


def most_of(slots: Slots, devices: Devices) -> int | None:
    """So many at once, as it stands now; None: that is found out."""
    return None if slots == AUTO else slots_of(slots, devices)


def why_most(slots: Slots, devices: Devices) -> str:
    """Why it is so many, where neither the number nor what there is says it."""
    return "as asked" if isinstance(slots, int) else devices.why_slots if slots is None else ""


class Limit:
    """`now`: at most so many at once."""

    def __init__(self, slots: Slots, devices: Devices, mine: Mine, grown: Callable[[Running], Grown]) -> None:
        """`mine`: what is to run; `grown`: as for `Pace`."""
        self._slots, self._devices, self._mine = slots, devices, mine
        self._pace = _paced(mine, devices, grown) if slots == AUTO else None
        self._offer = devices.note
        self.now = self._wished()

    def follow(self, running: Callable[[], Mapping[str, Running]], now: float) -> list[Resized | Paced | Warned]:
        """GPUs come and go, and what is found out changes; returns what is to be told. `running()`: what runs, by its
        attempt's name, at `now` on the monotonic clock."""
        told = list[Resized | Paced | Warned](self._pace.look(running(), self._first, now) if self._pace else ())
        before, self.now = (self.now, self._offer), self._wished()
        self._offer = self._devices.note
        is_other = self._offer != before[1] if self._pace else (self.now, self._offer) != before
        return [Resized(self._offer, self.now), *told] if is_other else told

    def ended(self, running: Running, ending: Ending, duration: float | None, now: float) -> None:
        """An attempt is over."""
        if self._pace:
            self._pace.ended(running, ending, duration, now)

    def patience(self, now: float) -> float | None:
        """Seconds after which to follow again though nothing was heard; None: no need."""
        return self._pace.patience(now) if self._pace else None

    def _first(self) -> Job | None:
        return next(iter(self._mine.waiting(1, time.time())), None)

    def _wished(self) -> int:
        return self._pace.slots if self._pace else slots_of(self._slots, self._devices)


def _paced(mine: Mine, devices: Devices, grown: Callable[[Running], Grown]) -> Pace:
    from scheduler.runner.pace import Pace  # most runs are told how many, and it brings a room with it

    return Pace(mine.store.home, devices, grown)
