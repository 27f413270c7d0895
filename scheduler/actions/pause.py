"""Let jobs that run stand still for a while, with all their processes, and go on. They keep their slots and their GPUs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

from scheduler.launcher import journal
from scheduler.launcher.channel import Channel
from scheduler.launcher.client import connect, journal_path, pause_message
from scheduler.launcher.execution import CONTINUED, NOT_PAUSED, NOT_STARTED, OVER, PAUSED, REFUSED
from scheduler.linux import standstill
from scheduler.linux.holders import stand_still, tree_of
from scheduler.queue.evidence import is_elsewhere, look
from scheduler.queue.job import Attempt, Job, where
from scheduler.queue.states import ACTIVE, WAITING
from scheduler.queue.store import Store
from scheduler.runner.recovery import StillThere, verdict
from scheduler.values import dataclass

PATIENCE = 30.0  # seconds for a process that is inside the kernel, or a launcher that does not know the word
_GOES_ON = (NOT_STARTED, NOT_PAUSED, OVER)  # why somebody need not be let go on


@dataclass(frozen=True)
class Rested:
    """What became of the jobs that were named: those that were `reached`, the ones that were `waiting` and are so still, and why
    others that run were not reached, by their ids."""

    reached: Sequence[str]
    waiting: Sequence[Job]
    refused: dict[str, str]


def pause(store: Store, jobs: Sequence[Job]) -> Rested:
    """Stop every process of those that run; returns when they stand still. Others stay as they are."""
    return _each(store, jobs, go_on=False)


def go_on(store: Store, jobs: Sequence[Job]) -> Rested:
    """Let those of them go on that are paused, by whomever. Others stay as they are."""
    return _each(store, jobs, go_on=True)


def _each(store: Store, jobs: Sequence[Job], *, go_on: bool) -> Rested:
    wanted = {job.id for job in jobs if job.state in ACTIVE}
    attempts = [attempt for attempt in store.open_attempts() if attempt.job in wanted]
    asked = [(attempt, _ask(store, attempt, go_on=go_on)) for attempt in attempts]  # all are asked before one is waited for
    deadline = time.monotonic() + PATIENCE
    answers = {attempt: _answer(store, attempt, line, deadline, go_on=go_on) for attempt, line in asked}
    reached = [attempt for attempt, why in answers.items() if not why]
    with store.change() as change:
        for attempt in reached:
            change.remark(attempt, "continued by a person" if go_on else "paused by a person")
    refused = {attempt.job: why for attempt, why in answers.items() if why and not (go_on and why in _GOES_ON)}
    return Rested([attempt.job for attempt in reached], [job for job in jobs if job.state in WAITING], refused)


def _ask(store: Store, attempt: Attempt, *, go_on: bool) -> Channel | None:
    """A line to the launcher on which the answer will be heard; None when the launcher is gone, or elsewhere."""
    line = None if is_elsewhere(attempt) else connect(store.home, attempt.launcher)
    if line:
        line.send(pause_message(attempt.name, go_on=go_on))
    return line


def _answer(store: Store, attempt: Attempt, line: Channel | None, deadline: float, *, go_on: bool) -> str:
    """Why it was not reached; "" if it was."""
    if is_elsewhere(attempt):  # no process of it is here, so all of them would seem to stand still
        return NOT_PAUSED if go_on else f"{where(attempt.launcher)} has it, and what other machines have cannot be paused"
    if line is None:
        return _directly(store, attempt, go_on=go_on)
    try:
        while True:
            line.socket.settimeout(max(0.001, deadline - time.monotonic()))
            messages, there = line.receive()
            for message, _ in messages:
                if message["attempt"] == attempt.name and (why := _told(message, go_on=go_on)) is not None:
                    return why
            if not there:
                return _directly(store, attempt, go_on=go_on)
    except TimeoutError:
        return f"its launcher has not answered within {PATIENCE:g} s; look again with `exp-queue status`"
    finally:
        line.close()


def _told(message: dict, *, go_on: bool) -> str | None:
    """None: it is no answer."""
    if message["is"] == "ended":
        return OVER
    about = message.get("about", "")
    if about == REFUSED:
        return message["text"]
    return "" if about == (CONTINUED if go_on else PAUSED) else None


def _directly(store: Store, attempt: Attempt, *, go_on: bool) -> str:
    """Of an attempt whose launcher is gone."""
    if not isinstance(verdict(attempt.name, look(store.home, attempt)), StillThere):
        return OVER
    if go_on and not stand_still(attempt.directory):
        return NOT_PAUSED

    def find() -> list:
        return tree_of(attempt.directory)

    if go_on and not standstill.go_on(find):
        return "nothing of it can be signalled"
    if not go_on and not standstill.stop(find, PATIENCE):
        return f"it has not come to a standstill within {PATIENCE:g} s"
    with suppress(OSError):  # no room on the disk: its processes show how it stands
        journal.add_pause(journal_path(store.home, attempt.launcher), attempt.name, go_on=go_on)
    return ""
