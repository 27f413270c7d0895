"""Stop processes for a while, all of a tree, and let them go on. A launcher imports this, so it imports little."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from scheduler.linux import processes

SOON = 0.005  # seconds between two looks
QUIET_LOOKS = 2  # one may miss a child whose parent has ended meanwhile

Find = Callable[[], "list[processes.Process]"]


class Standstill:
    """SIGSTOP to whatever `find` finds, again and again until two looks in a row find nobody who could go on: what forks while
    it is being stopped leaves a child that the next look finds."""

    def __init__(self, find: Find) -> None:
        self._find, self._quiet = find, 0

    def disturb(self) -> None:
        """Somebody of them has just ended, so not all stood still: a chain of short lives may pass between any two looks."""
        self._quiet = 0

    def look(self) -> bool:
        """Look once; whether all of them stand still. Whom we may not signal does not count."""
        moving = [process for process in self._find() if process.can_go_on]
        self._quiet = 0 if processes.send(moving, signal.SIGSTOP) else self._quiet + 1
        return self._quiet >= QUIET_LOOKS


def stop(find: Find, patience: float) -> bool:
    """Bring them to a standstill, and wait for it; False after `patience` seconds, when one is still inside the kernel."""
    still, deadline = Standstill(find), time.monotonic() + patience
    while not still.look():
        if time.monotonic() > deadline:
            return False
        time.sleep(SOON)
    return True


def go_on(find: Find) -> int:
    """SIGCONT to all of them; returns to how many."""
    return processes.send(find(), signal.SIGCONT)
