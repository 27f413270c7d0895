"""Stop processes for a while, all of a tree, and let them go on. A launcher imports this, so it imports little."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from scheduler.linux import processes

SOON = 0.005  # seconds between two looks
WAITS = "D"  # proc(5): inside the kernel, where no signal but SIGKILL is heard
_STOP = 1 << (signal.SIGSTOP - 1)
QUIET_LOOKS = 2  # one may miss a child whose parent has ended meanwhile

Find = Callable[[], "list[processes.Process]"]


def stands(process: processes.Process) -> bool:
    """Whether it uses the CPU no more. So does who waits inside the kernel where a SIGSTOP has arrived: what it runs next is the
    stop. (A parent in vfork(2) waits there for its child, which stands still.)"""
    return not process.can_go_on or (process.state == WAITS and bool(processes.pending(process.pid) & _STOP))


class Standstill:
    """SIGSTOP to whatever `find` finds, again and again until two looks in a row find nobody who could go on: what forks while
    it is being stopped leaves a child that the next look finds."""

    def __init__(self, find: Find) -> None:
        self._find, self._quiet = find, 0

    def disturb(self) -> None:
        """Somebody of them has just ended, so not all stood still: a chain of short lives may pass between any two looks."""
        self._quiet = 0

    @property
    def reached(self) -> bool:
        """Whether all of them stand still."""
        return self._quiet >= QUIET_LOOKS

    def look(self) -> bool:
        """Look once; whether all of them stand still. Whom we may not signal does not count."""
        moving = [process for process in self._find() if not stands(process)]
        self._quiet = 0 if processes.send(moving, signal.SIGSTOP) else self._quiet + 1
        return self.reached


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
