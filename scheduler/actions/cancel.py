"""Cancelling jobs from outside a runner: the queue for those that wait, the launchers for those that run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from scheduler.actions.cancel_elsewhere import CANCELLED, cancel_elsewhere
from scheduler.launcher.channel import Channel
from scheduler.launcher.client import connect, stop_message
from scheduler.linux.readable import readable
from scheduler.queue.chosen import of_numbers
from scheduler.queue.evidence import is_elsewhere, look, pause_of
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import ACTIVE, WAITING, State
from scheduler.queue.store import Store
from scheduler.runner.recovery import StillThere, verdict
from scheduler.runner.settling import settle


def cancel_all(store: Store, numbers: Sequence[int], say: Callable[[str], None], grace: float | None = None) -> list[Attempt]:
    """Cancel the jobs with these numbers; returns once they are over. The attempts returned could not be stopped: nobody holds
    them any more.

    Jobs that are over stay as they are. `grace`: seconds from SIGINT to SIGTERM, instead of the jobs' own. `say` hears how it
    goes on, as their launchers tell it.
    """
    mine = set(numbers)
    waiting = of_numbers(mine)
    with store.change(many=True) as change:
        change.move_all(waiting.where, waiting.parameters, WAITING, State.CANCELLED, CANCELLED)
    attempts = store.open_attempts()
    wanted = {job.id for job in store.by_ids(attempt.job for attempt in attempts) if job.number in mine}
    return _stop(store, [attempt for attempt in attempts if attempt.job in wanted], say, grace)


def cancel_as_seen(store: Store, jobs: Sequence[Job], say: Callable[[str], None]) -> list[Attempt]:
    """The same for jobs as somebody has seen them when asked whether they are to be cancelled: one that waited then is not
    stopped if it has begun since, and one that ran is only stopped in the attempt that was seen."""
    waiting = of_numbers(job.number for job in jobs if job.state in WAITING)
    with store.change(many=True) as change:
        change.move_all(waiting.where, waiting.parameters, WAITING, State.CANCELLED, CANCELLED)
    seen = {(job.id, job.attempts) for job in jobs if job.state in ACTIVE}
    return _stop(store, [each for each in store.open_attempts() if (each.job, each.number) in seen], say, None)


def _stop(store: Store, running: Sequence[Attempt], say: Callable[[str], None], grace: float | None) -> list[Attempt]:
    """Those of these attempts that could not be stopped."""
    names = {attempt.name for attempt in running}
    if far := [attempt for attempt in running if is_elsewhere(attempt)]:
        cancel_elsewhere(store, far, say, grace)
    here = [attempt for attempt in running if not is_elsewhere(attempt)]
    with ExitStack() as asked:
        lines = [(attempt, line) for attempt in here if (line := _ask_to_stop(store, attempt, grace, asked))]
        if lines:
            say(f"stopping {len(lines)} running")
        for attempt, line in lines:
            # It may have ended before we were listening, and then nobody reports it again.
            over = not isinstance(verdict(attempt.name, look(store.home, attempt)), StillThere)
            _hear_of_end(attempt, line, say, over=over)
    return [attempt for attempt in settle(store) if attempt.name in names]


def _ask_to_stop(store: Store, attempt: Attempt, grace: float | None, asked: ExitStack) -> Channel | None:
    """A line to the launcher on which the end will be heard, closed with `asked` at the latest; None when that is gone."""
    line = connect(store.home, attempt.launcher)
    if line is None:
        return None
    asked.callback(line.close)
    with store.change() as change:
        change.stopping(attempt, CANCELLED)
    line.send(stop_message(attempt.name, State.CANCELLED.value, grace))
    return line


def _hear_of_end(attempt: Attempt, line: Channel, say: Callable[[str], None], *, over: bool) -> None:
    """Block until the launcher reports the end, or is gone itself. `over`: it has ended, and only what has been said is heard."""
    there, ended = True, False
    while there and not ended and (not over or readable([line], 0.0)):
        messages, there = line.receive()
        mine = [message for message, _ in messages if message["attempt"] == attempt.name]
        for message in mine:
            if message["is"] == "note":
                say(f"{attempt.job[:8]}: {message['text']}")
        ended = any(message["is"] == "ended" for message in mine)
    line.close()


def by_hand(store: Store, attempt: Attempt) -> str:
    """What a person can do about an attempt that could not be stopped."""
    paused = f"; exp-queue continue {attempt.job[:8]}" if pause_of(store.home, attempt).since else ""
    return f"{attempt.job[:8]} still runs and its launcher is gone; to stop it: kill -TERM -- -{attempt.pid}{paused}"
