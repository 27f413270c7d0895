"""The one ladder of signals: SIGINT, SIGTERM, and SIGKILL until nothing is left.

When which is sent is a value; times are seconds on the monotonic clock. A launcher imports this, so it imports little.
"""

from __future__ import annotations

import math
import os
import signal

from scheduler.linux import processes
from scheduler.values import dataclass

KILL_EVERY = 0.1

Rung = tuple[float, signal.Signals]


@dataclass(frozen=True)
class Ladder:
    """The signals that are still to be sent, the next one first. None: nothing is being ended."""

    rungs: tuple[Rung, ...] = ()

    @property
    def due(self) -> float:
        """When the next one is sent."""
        return self.rungs[0][0] if self.rungs else math.inf

    @property
    def number(self) -> signal.Signals:
        """The next one."""
        return self.rungs[0][1]

    @property
    def is_polite(self) -> bool:
        """Whether it has been begun and has not come to SIGTERM."""
        return signal.SIGTERM in [number for _, number in self.rungs]

    def sent(self, now: float) -> Ladder:
        """What is left when the next one has been sent. SIGKILL comes again."""
        again = ((now + KILL_EVERY, self.number),) if self.number == signal.SIGKILL else ()
        return Ladder(self.rungs[1:] + again)

    def postponed(self, now: float) -> Ladder:
        """The same, for a machine that lacked what it takes to send the next one."""
        return Ladder(((now + KILL_EVERY, self.number), *self.rungs[1:]))

    def hurried(self, now: float, grace: float) -> Ladder:
        """What is left, with another grace from now on."""
        return from_sigterm(now + grace, until_sigkill(grace)) if self.is_polite else Ladder(((now + grace, signal.SIGKILL),))

    def asked_again(self, now: float) -> Ladder:
        """The same, with one more SIGTERM before it."""
        return Ladder(((now, signal.SIGTERM), *self.rungs))


NOT_BEGUN = Ladder()


def from_sigint(now: float, grace: float) -> Ladder:
    """The whole of it: SIGTERM after the grace, and SIGKILL after half of that again."""
    return Ladder(((now, signal.SIGINT), *from_sigterm(now + grace, until_sigkill(grace)).rungs))


def from_sigterm(start: float, grace: float) -> Ladder:
    """Its end: SIGTERM at `start`, SIGKILL after the grace."""
    return Ladder(((start, signal.SIGTERM), (start + grace, signal.SIGKILL)))


def until_sigkill(grace: float) -> float:
    """Seconds from SIGTERM to SIGKILL for what has had `grace` seconds before, or would have had them."""
    return grace / 2


def send(number: signal.Signals, group: int | None) -> bool:
    """Signal what is below this process; whether it has reached anybody. OSError where the table of descriptors is full, for then
    nobody can be seen.

    SIGINT goes to one process group, as a terminal would send it, so that a tracker in a session of its own can still save its
    rows; the harder signals go to the whole tree.
    """
    below = processes.descendants(os.getpid())
    if number == signal.SIGINT:
        below = [process for process in below if process.group == group]
    return processes.send(below, number) > 0


def announced(grace: float) -> str:
    """What is said of SIGINT."""
    then = f"it has {grace:g} s to save its work, then SIGTERM follows" if grace else "SIGKILL follows at once"
    return f"SIGINT is sent; {then}"
