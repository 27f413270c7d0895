"""What keeps jobs from starting: why, in this turn of the loop, and what the machine lacks."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.runner.notices import Trouble
from scheduler.runner.plan import Wait


class Obstacles:
    """Remembers what has been told."""

    def __init__(self) -> None:
        self.now = ""  # why something could not start in this turn; "" where nothing waits for more than a slot or its time
        self._troubles: dict[str, None] = {}

    def begin(self) -> None:
        """Another look at what could start."""
        self.now = ""

    def wait(self, waits: Sequence[Wait]) -> None:
        """The plan lets these jobs wait."""
        self.now = self.now or next((wait.reason for wait in waits), "")

    def met(self, what: str) -> Trouble | None:
        """The machine lacks something for a while: nothing starts. What is to be told of it; each is told once."""
        self.now = what
        news = None if what in self._troubles else Trouble(what)
        self._troubles[what] = self._troubles.pop(what, None)  # the latest is the last
        return news

    def lasting(self, *, is_short: bool) -> str:
        """Why nothing can start at the moment; `is_short`: what the machine lacks is not there yet, though it was not tried in
        this turn. "" where nothing is in the way."""
        return self.now or (next(reversed(self._troubles), "") if is_short else "")
