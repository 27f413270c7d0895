"""How a person stops a runner: Ctrl-C once, twice, three times, and the signals at which it leaves. Pure."""

from __future__ import annotations

import signal

from scheduler.linux.wakeups import HEARD
from scheduler.runner.attempts import HungUp
from scheduler.runner.plan import Stop

IMPATIENCE = 2  # Ctrl-C's that are heard; at the next one we leave


class Interrupts:
    """`times`: so many Ctrl-C's were heard; `stop`: how far whoever pressed them wants to go."""

    def __init__(self) -> None:
        self.times, self.stop = 0, Stop.NO

    def hear(self, number: int) -> bool:
        """Whether this signal is a Ctrl-C, and changes something. HungUp where it tells us to leave."""
        if number != signal.SIGINT:
            if number in HEARD:
                raise HungUp(number)
            return False
        self.times += 1
        if self.times > IMPATIENCE:
            raise HungUp(number)
        self.stop = Stop.DRAIN if self.times == 1 else Stop.NOW
        return True
