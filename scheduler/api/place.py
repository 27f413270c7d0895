"""Where waiting jobs stand in the queue."""

from __future__ import annotations

from scheduler.actions import move as moving
from scheduler.actions.opening import opened_queue
from scheduler.actions.results import lines
from scheduler.api.arguments import Which, named
from scheduler.api.job import Jobs, jobs_of
from scheduler.errors import UserError
from scheduler.experiments.document import values
from scheduler.terminal import say


def move(*which: Which, to: str | int) -> Jobs:
    """Let waiting jobs start before all others that wait (`to="first"`), after them ("last"), or give them a priority (a whole
    number, the higher starts first); returns those that wait, in the order of their submission. Others stay as they are.

    `which` as for `jobs`, and at least one.
    """
    try:
        where = to if to in (moving.FIRST, moving.LAST) else values.priority(to)
    except UserError:
        raise UserError(f"to is {to!r}", next_step='give "first", "last" or a whole number') from None
    with opened_queue(say) as store:
        return jobs_of(store, lines(store, moving.move(store, named(which), where).jobs))
