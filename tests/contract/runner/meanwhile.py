"""A store beside which others do something just while a runner looks for what is new."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.home import Home
from scheduler.queue.store import Store

Act = Callable[[], object]


def nothing() -> None:
    """What others mostly do."""


class Watched(Store):
    """`moments`: what they do before and after its next looks for the last event."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.moments: list[tuple[Act, Act]] = []

    def last_event(self) -> int:
        first, then = self.moments.pop(0) if self.moments else (nothing, nothing)
        first()
        found = super().last_event()
        then()
        return found
