"""The source of a runner for seats: runs that were announced, and those that are queued again."""

from __future__ import annotations

import os
from contextlib import suppress

from scheduler.linux.wakeups import Wakeups
from scheduler.queue.mine import Mine
from scheduler.runner.sources import QueueAlone

DEAF = 5.0  # seconds to a look at the queue although nobody has called


class Bell:
    """Wakes a runner from any thread."""

    def __init__(self) -> None:
        self._ears, self._mouth = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._ears

    def ring(self) -> None:
        with suppress(OSError):  # it rings already, or nobody listens any more
            os.write(self._mouth, b".")

    def hear(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._ears, 4096):
                pass

    def close(self) -> None:
        os.close(self._ears)
        os.close(self._mouth)


class Seated(QueueAlone):
    """Seats of runs that nobody else drives, now and later."""

    def __init__(self, mine: Mine, bell: Bell) -> None:
        self._mine, self._bell = mine, bell

    def open(self, wakeups: Wakeups) -> None:
        wakeups.watch(self._bell, self._bell.hear)

    def refill(self, free: int) -> bool:
        sql = "job.key GLOB 'wandb *' AND job.state IN ('queued', 'starting', 'running', 'stopping')"
        self._mine.add(self._mine.store.jobs(sql))
        return True

    def patience(self) -> float | None:
        return DEAF
