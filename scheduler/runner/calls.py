"""Jobs that are to begin at a time of the wall clock: they are called when it has come."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from scheduler.linux.alarm import Alarm
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.database import Unwritable
from scheduler.queue.mine import Mine
from scheduler.queue.order import call

LOOK_AGAIN = 10.0  # seconds, where the kernel gives no timer


class Calls:
    """The alarm clock of a runner; of a machine that sleeps through a job's time too, or whose clock is set."""

    def __init__(self, mine: Mine, pause: Callable[[str], None]) -> None:
        """`pause` hears why nothing can be written now."""
        self._mine, self._store, self._pause = mine, mine.store, pause
        self._alarm: Alarm | None = None
        self._next: float | None = None

    def open(self, wakeups: Wakeups) -> None:
        """From now on the loop is woken when a job's time comes."""
        self._alarm = Alarm()
        wakeups.watch(self._alarm, self._alarm.drain)

    def call(self, now: float) -> None:
        """Let the jobs start whose time has come, and set the alarm for the next."""
        self._next = self._mine.next_begin()
        if self._next is not None and self._next <= now:
            try:
                with self._store.change() as change:
                    call(change, now)
            except Unwritable as error:
                self._pause(str(error))
                return
            self._next = self._mine.next_begin()
        if self._alarm:
            self._alarm.set(self._next)

    def patience(self) -> float | None:
        """Seconds after which to look again without having been called; None: no need."""
        return LOOK_AGAIN if self._next is not None and self._alarm and not self._alarm.precise else None

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._alarm:
            self._alarm.close()
