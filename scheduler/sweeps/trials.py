"""A trial as search and early stopping see it: its point, where it stands, and what it has logged of the metric. Pure."""

from __future__ import annotations

from collections.abc import Collection

from scheduler.goals import MAXIMIZE, opposite
from scheduler.queue.states import State
from scheduler.values import dataclass

Point = tuple[object, ...]  # one JSON value per parameter of the sweep, in its order; ABSENT where it has none


@dataclass(frozen=True)
class Trial:
    """One point that a sweep has asked for.

    `rows` holds finite numbers only: W&B counts no row in which the metric is missing, NaN, infinite or a boolean.
    """

    number: int  # 0, 1, 2, ... in the order in which they were asked
    values: Point
    state: State  # queued, starting, running, stopping: not over; done, stopped_early, failed, ...: over
    rows: tuple[float, ...] = ()  # the metric in each logged row that held a finite number, in order
    summary: float | None = None  # the metric's final summary value, where the tracker has one
    beside: tuple[tuple[float | None, ...], ...] = ()  # of several metrics: the others as they stood in each of the rows
    outside: tuple[str, ...] = ()  # the parameters by which it lies outside of the present space

    def best(self, goal: str) -> float | None:
        """The best of the rows and the summary; None where there is neither."""
        return best_of(goal, self.logged)

    def worst(self, goal: str) -> float | None:
        """The worst of the rows and the summary; None where there is neither."""
        return best_of(opposite(goal), self.logged)

    def outcome(self, goal: str) -> tuple[float, ...] | None:
        """Of several metrics, all of which were logged, the values in one row: that which is best by the first. None where
        there is no row that has them all."""
        whole = [row for row, others in enumerate(self.beside) if None not in others]
        best = best_of(goal, [self.rows[row] for row in whole])
        row = next((row for row in whole if self.rows[row] == best), None)
        return None if row is None else (self.rows[row], *(value for value in self.beside[row] if value is not None))

    @property
    def logged(self) -> tuple[float, ...]:
        return self.rows if self.summary is None else (*self.rows, self.summary)


def best_of(goal: str, values: Collection[float]) -> float | None:
    """The least value, or the greatest where the goal is "maximize"; None of nothing."""
    if not values:
        return None
    return max(values) if goal == MAXIMIZE else min(values)
