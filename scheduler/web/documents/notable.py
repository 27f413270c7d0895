"""Of which runs a report has what is long."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.actions.compared import Compared
from scheduler.queue.states import State

_WRONG = (State.FAILED, State.TIMEOUT, State.LOST)
FAILED = 200  # of those that failed, at most so many before all others


def notable(best_first: Sequence[Compared]) -> list[Compared]:
    """The same runs in the order in which people look at them closely: some that went wrong, the newest first, then the best."""
    wrong = sorted((each for each in best_first if each.job.state in _WRONG), key=lambda each: -each.job.number)[:FAILED]
    known = {each.job.id for each in wrong}
    return [*wrong, *(each for each in best_first if each.job.id not in known)]
