"""What people hear of jobs that begin: each start once, when its launcher has come to it, and what is other than they expect."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scheduler.queue.mine import Mine
from scheduler.runner.attempts import Running
from scheduler.runner.differences import Differences
from scheduler.runner.notices import Notice, Started


class Beginnings:
    """Remembers what waits in its launcher behind another: it was sent, and has not begun."""

    def __init__(self, mine: Mine, tell: Callable[[Notice], None]) -> None:
        self._differences, self._tell = Differences(mine), tell
        self._untold: dict[str, Running] = {}  # by the name of the attempt

    def sent(self, running: Running) -> None:
        """Its launcher has it, and begins it when it has done what it had before."""
        self._untold[running.attempt.name] = running

    def begun(self, names: Iterable[str]) -> None:
        """These attempts run, or have run: tell of those that nobody was told of."""
        for running in [self._untold.pop(name) for name in names if name in self._untold]:
            for difference in self._differences.news(running.job, running.attempt):
                self._tell(difference)
            self._tell(Started(running.job, running.attempt))

    def never_ran(self, name: str) -> None:
        """That one has not begun after all."""
        self._untold.pop(name, None)
