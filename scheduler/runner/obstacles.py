"""What keeps jobs from starting: why, in this turn of the loop, and what the machine lacks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from scheduler.runner.notices import Trouble
from scheduler.runner.plan import Wait
from scheduler.shortage import Pause


class Obstacles:
    """Remembers what has been told. `shortage`: for how long nothing is tried for want of what the machine lacks."""

    def __init__(self, tell: Callable[[Trouble], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.now = ""  # why something could not start in this turn; "" where nothing waits for more than a slot or its time
        self.shortage = Pause()
        self._tell, self._clock, self._troubles = tell, clock, dict[str, None]()

    def begin(self) -> None:
        """Another look at what could start."""
        self.now = ""

    def wait(self, waits: Sequence[Wait]) -> None:
        """The plan lets these jobs wait."""
        self.now = self.now or next((wait.reason for wait in waits), "")

    def pause(self, what: str) -> None:
        """The machine lacks something for a while: nothing starts. Each such thing is told once."""
        self.shortage.met(self._clock())
        self.now, is_news = what, what not in self._troubles
        self._troubles[what] = self._troubles.pop(what, None)  # the latest is the last
        if is_news:
            self._tell(Trouble(what))

    def rest(self) -> float:
        """Seconds until something is tried again; 0 where the machine lacks nothing that is known."""
        return self.shortage.left(self._clock())

    @property
    def lack(self) -> str:
        """What the machine lacks, as long as nothing is tried for want of it; "" for nothing."""
        return next(reversed(self._troubles), "") if self.rest() else ""

    @property
    def lasting(self) -> str:
        """Why nothing can start at the moment, also where it was not tried in this turn; "" where nothing is in the way."""
        return self.now or self.lack
