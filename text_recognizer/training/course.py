"""How far a training has come: the share of its budget that is used up, by lines seen or by CPU time."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Course:
    """Counts towards the end of a training of `total` samples, or of `cpu_seconds` where that is not 0.

    CPU time is that of this process and of earlier ones that it goes on from (`spent`), from the start of Python on, all
    threads together. Under a budget of CPU time the learning rate follows the clock, so no two trainings are alike to
    the last bit; counted in samples, they are.
    """

    total: int
    cpu_seconds: float = 0.0
    seen: int = 0
    spent: float = 0.0

    @property
    def share(self) -> float:
        """0 at the start, 1 at the end."""
        done = self.used / self.cpu_seconds if self.cpu_seconds else self.seen / self.total
        return min(1.0, done)

    @property
    def used(self) -> float:
        """CPU seconds so far."""
        return self.spent + time.process_time()

    @property
    def over(self) -> bool:
        """Whether the budget is used up."""
        return self.share >= 1.0
