"""Jobs that wait: where they stand in the queue, whether they may start, and why they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scheduler.actions import explain as explaining
from scheduler.actions import hold as holding
from scheduler.actions import move as moving
from scheduler.actions.opening import opened_devices, opened_queue
from scheduler.actions.results import lines
from scheduler.api.arguments import Which, named
from scheduler.api.job import Job, Jobs, jobs_of
from scheduler.errors import UserError
from scheduler.experiments.document import values
from scheduler.queue.selection import select_single
from scheduler.queue.states import WAITING
from scheduler.report.trials import headline
from scheduler.sweeps.engine.explaining import recall
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


def hold(*which: Which) -> Jobs:
    """Keep queued jobs from starting until they are released; returns those that were named, as they are then. Jobs that run or
    are over stay as they are: `Job.pause` is for those that run.

    `which` as for `jobs`, and at least one.
    """
    return _moved(holding.hold, which)


def release(*which: Which) -> Jobs:
    """Let held jobs start again, as soon as somebody runs the queue; returns those that were named, as they are then.

    `which` as for `jobs`, and at least one.
    """
    return _moved(holding.release, which)


def _moved(action: Callable[..., holding.Moved], which: Sequence[Which]) -> Jobs:
    with opened_queue(say) as store:
        return jobs_of(store, lines(store, action(store, named(which), every=True).jobs or ()))


def explain(which: str | int | Job = "last") -> str:
    """Why a job waits, in one sentence: which GPU, whose process, how much memory; or what it does instead. Of a trial that has
    begun: why it was stopped early, or goes on. `which` as for `job`."""
    with opened_queue(say, only_looks=True) as store:
        job = select_single(store, *named([which]))
        if job.state not in WAITING and (trial := recall(store, job)):
            return headline(trial)
        with opened_devices() as devices:
            return explaining.explain(store, job, devices)
