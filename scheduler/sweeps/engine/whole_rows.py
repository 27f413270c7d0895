"""The rows of a trial whose attempt goes on from what an earlier one has left: those of the earlier one stand before them.

Bands compare trials by their n-th row. A trial that was interrupted after six rows and goes on has its seventh next, and not its
first; and its best value may be among the six.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.runner.logs import follower_of, is_cut
from scheduler.tracking.readers.rows import Row


class WholeRows:
    """Of one attempt. `before`: from what kind of log the rows of earlier attempts come, and these."""

    def __init__(self, before: Callable[[], tuple[str, Sequence[Row]]]) -> None:
        self._before, self._has_begun = before, False

    def of(self, rows: list[Row], source: str, *, anew: bool) -> list[Row]:
        """These rows, which have just been read of that kind of log; before the first of those that count, the rows of before.
        `anew`: those of earlier calls do not count."""
        self._has_begun = self._has_begun and not anew
        if self._has_begun or not rows:
            return rows
        self._has_begun = True
        kind, earlier = self._before()
        return [*until(rows[0].step, earlier), *rows] if kind == source else rows


def until(start: int | None, rows: Sequence[Row]) -> list[Row]:
    """Those before this step. None where what starts there began anew, as far as one can see; as `tracking.gone_on` has it.

    >>> [row.step for row in until(2, [Row(step) for step in (0, 1, 2, 3)])]
    [0, 1]
    >>> until(0, [Row(0), Row(1)]), until(None, [Row(0)]), until(3, [Row(None)])
    ([], [], [])
    """
    return [row for row in rows if start is not None and row.step is not None and row.step < start]


def whole_rows(store: Store, job: Job, attempt: Attempt, metrics: Sequence[str]) -> WholeRows:
    """Those of this attempt; `metrics` as its follower has them."""
    return WholeRows(lambda: _before(store, job, attempt.number, metrics))


def _before(store: Store, job: Job, number: int, metrics: Sequence[str]) -> tuple[str, list[Row]]:
    """What the last of the attempts before that one says that says anything, as far as its logs are there."""
    for earlier in range(number - 1, 0, -1):
        if attempt := store.attempt(job.id, earlier):
            with closing(follower_of(store, job, attempt, tuple(metrics), gather=False, awake=False)) as follower:
                rows = follower.finish(cut=is_cut(attempt.ending))
                if rows := whole_rows(store, job, attempt, metrics).of(rows, follower.source, anew=follower.anew):
                    return follower.source, rows
    return "", []
