"""An attempt whose launcher was killed: who of it still lives, what is said of that, and the end of what only sits there.

Its processes keep the lock of its directory, which they have inherited (proc(5): fd, fdinfo). While its script lives nobody
touches it. What a script that is gone has left behind is treated as its launcher would have done, by the runner that waits.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

from scheduler.experiments import Policy
from scheduler.launcher.leftovers import (
    IDLE,
    KILL,
    Care,
    Leftovers,
    counted,
    names,
)
from scheduler.linux import processes
from scheduler.queue.job import Attempt
from scheduler.shortage import passing

AGAIN, SOON = 5.0, 1.0  # seconds between two looks, and while it is being ended
ORPHANED = "its launcher was killed"


def holders(directory: str) -> list[processes.Process]:
    """The processes that hold the lock of an attempt's directory, as far as they may be seen."""
    real, found = os.path.realpath(directory), []  # as the kernel names it
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit() and int(name) != os.getpid() and _holds(f"/proc/{name}", real):
            found.append(processes.look_up(int(name)))
    return [process for process in found if process]


def _holds(place: str, directory: str) -> bool:
    try:
        for number in os.listdir(f"{place}/fd"):  # noqa: PTH208
            if os.readlink(f"{place}/fd/{number}") == directory:  # noqa: PTH115
                with open(f"{place}/fdinfo/{number}", "rb") as file:  # noqa: PTH123
                    return re.search(rb"FLOCK +ADVISORY +WRITE", file.read()) is not None  # a probe is shared
    except OSError:  # it is gone, or another user's
        return False
    return False


def note(attempt: Attempt) -> str:
    """What is to be said of it now, by somebody who only looks."""
    found: list[processes.Process] = []
    with passing():
        found = holders(attempt.directory)
    if not found:
        return f"{ORPHANED}, and something of it still runs"
    if script := _script(found, attempt):
        stands = not any(each.can_go_on for each in found)
        return f"{ORPHANED}, and it is paused: {names(script, 0)}" if stands else _goes_on(script)
    return f"{ORPHANED}; the script has ended and left {counted(found, 0)} behind: {names(found, 0)}"


def tree_of(attempt: Attempt) -> list[processes.Process]:
    """The processes that hold the lock of its directory, and all below them."""
    found = {each.pid: each for each in holders(attempt.directory)}
    for pid in list(found):
        found.update({each.pid: each for each in processes.descendants(pid)})
    return list(found.values())


def stands_still(attempt: Attempt) -> bool:
    """Whether none of its processes can go on."""
    found = holders(attempt.directory)
    return bool(found) and not any(each.can_go_on for each in found)


def _script(found: list[processes.Process], attempt: Attempt) -> list[processes.Process]:
    """The main process, if it is among them; all, where it was never reported: one of them may be it."""
    if attempt.pid is None:
        return found
    return [each for each in found if each.pid == attempt.pid and attempt.birth in (None, each.birth)]


def _goes_on(script: list[processes.Process]) -> str:
    return f"{ORPHANED}; it goes on, and nobody will know how it ends: {names(script, 0)}"


class Forsaken:
    """One such attempt, looked at again and again by a runner. `latest` reads what the store knows of it."""

    def __init__(self, latest: Callable[[], Attempt], policy: Policy, idle: float = IDLE) -> None:
        self._latest, self._policy, self._idle = latest, policy, idle
        self._left: Leftovers | None = None
        self._told, self._due = "", 0.0
        self._killed_at: float | None = None  # when SIGKILL follows

    def look(self, now: float) -> str:
        """Look, and end what is to be ended; what people should hear, "" for nothing new. `now` is monotonic."""
        if now < self._due:
            return ""
        self._due = now + (AGAIN if self._killed_at is None else SOON)
        attempt = self._latest()
        found: list[processes.Process] = []
        with passing():
            found = holders(attempt.directory)
        if not found:
            return ""
        if self._killed_at is not None:
            processes.send(found, signal.SIGKILL if now >= self._killed_at else signal.SIGTERM)
            return ""
        script = _script(found, attempt)
        return self._once(_goes_on(script)) if script else self._leftovers(attempt, found, now)

    def _leftovers(self, attempt: Attempt, found: list[processes.Process], now: float) -> str:
        if self._left is None:
            finder = lambda: holders(attempt.directory)  # noqa: E731
            self._left = Leftovers(Care(self._policy.leftovers, idle=self._idle), now, str(attempt.log), finder)
            self._left.identify()
            if self._policy.leftovers != KILL:
                return self._once(f"{ORPHANED}; {self._left.introduced(None)}")
        idle = self._left.due <= now and self._left.look(now)
        if not idle and self._policy.leftovers != KILL:
            return ""
        self._killed_at, self._due = now + self._policy.grace / 2, now + SOON
        processes.send(found, signal.SIGTERM)
        why = f"sat idle for {self._idle:g} s and " if idle else ""
        return self._once(f"{self._left.ended(why, 'are')} (SIGTERM now, SIGKILL after {self._policy.grace / 2:.3g} s)")

    def _once(self, text: str) -> str:
        told, self._told = self._told, text
        return text if text != told else ""
