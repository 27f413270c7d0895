"""A driver that has not said its first word yet: it may be slow, or hang for ever. Whoever waits for it hears so."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.terminal import say

SAY_AFTER = 2.0
SAY_EVERY = 10.0


class Silence:
    """Says after SAY_AFTER seconds, and then every SAY_EVERY, that the driver has not answered."""

    def __init__(self, say: Callable[[str], None] = say) -> None:
        self._say, self._next = say, SAY_AFTER

    def lasts(self, seconds: float) -> None:
        """Call it at every look, with the seconds since the driver was asked; 0 if it has answered."""
        if seconds >= self._next:
            self._next = seconds + SAY_EVERY
            self._say(f"{unanswered(seconds)}; it may be slow to start, or hang (Ctrl-C leaves)")


def unanswered(seconds: float) -> str:
    """That the driver says nothing, as a clause."""
    return f"the NVIDIA driver has not answered for {seconds:.0f} s"
