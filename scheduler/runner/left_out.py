"""Queued jobs that a runner does not start while others do: what this machine can never run, and what fails again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.queue.waits import Lack
from scheduler.runner.attempts import End
from scheduler.runner.notices import Halted, Impossible, Notice
from scheduler.runner.streaks import Program, Streaks, program_of

if TYPE_CHECKING:
    from scheduler.runner.devices import Devices

LOOK_AGAIN = 60.0  # seconds after which GPUs may have come that were not there


@dataclass
class LeftOut:
    """Queued jobs that are left out for one reason: a sentence about the machines, the program that fails, or other jobs that
    they come after. `job` is the first of them; `there`: where they cannot run, as `Devices.there` has it."""

    why: str | Program | Lack
    job: Job
    numbers: set[int] = field(default_factory=set)
    there: str = "here"


class Choice:
    """What may start. A job is judged when it could start, and with it all that are queued: none hides what stands behind it."""

    def __init__(self, mine: Mine, devices: Devices, streaks: Streaks, why_not: Callable[[Job], str] = lambda _: "") -> None:
        """`why_not`: why a job is not for this runner; "" where it is."""
        self._is_for_others = why_not
        self._mine, self._store, self._devices, self._streaks = mine, mine.store, devices, streaks
        self._news: list[Notice] = []
        self._out: dict[str | Program, LeftOut] = {}
        self._told: set[int] = set()  # impossible jobs that people have heard of
        self._never: dict[Hashable, str] = {}  # by the kinds of jobs
        self._edition = devices.edition  # of what `_never` says
        self._judged_at = time.monotonic()
        self._failed: dict[Program, Attempt] = {}
        self._seen = 0  # the last event that is known here

    def left_out(self) -> list[LeftOut]:
        """What is queued still, and would have started but for its reason."""
        found = [replace(each, numbers=self._store.still_queued(each.numbers)) for each in self._out.values()]
        return [each for each in found if each.numbers]

    @property
    def kept_back(self) -> list[tuple[str, set[int]]]:
        """Why jobs are not sent to other machines, as clauses, with their numbers; some of them may be queued no longer."""
        failing = "fails again and again, and is started no more"
        return [
            (f"{each.why} {failing}" if isinstance(each.why, Program) else f"it can never run there: {each.why}", each.numbers)
            for each in self._out.values()
        ]

    def news(self) -> list[Notice]:
        """What to tell since the last call: each reason once, and of jobs that come later."""
        news, self._news = self._news, []
        return news

    def due(self, limit: int, now: float, after: Job | None = None, unlike: Iterable[Job] = ()) -> tuple[Job, ...]:
        """The first of the queue, at most `limit`, that may start at `now`: with `after`, of those behind it that ask for other
        resources than those of `unlike`."""
        if self._devices.edition != self._edition:
            self._edition = self._devices.edition
            self._never.clear()
        if self._out:
            self._listen()
        while True:
            waiting = self._mine.waiting(limit, now, after, unlike)
            unfit = next((why for job in waiting if (why := self._why_not(job))), None)
            if unfit is None:
                return tuple(waiting)
            self._leave_out(unfit)

    def heard(self, ends: Iterable[End]) -> bool:
        """Learn from how attempts ended; returns whether any of them is of a program that is not to be started now.

        Want of GPU memory is no fault of the program's: that has remedies of its own.
        """
        halted = False
        for end in ends:
            if not isinstance(end.found, Ending) or any(use.out_of_memory for use in end.uses):
                continue
            self._streaks.ended(end.running.job, end.found, end.duration)
            if end.found.state is State.FAILED:
                self._failed[program_of(end.running.job)] = end.running.attempt
            halted = halted or bool(self._streaks.stopped(end.running.job))
        return halted

    def judge_anew(self) -> None:
        """The machine offers something else: what could never run may run now."""
        self._judged_at = float("-inf")

    def again(self, job: Job) -> None:
        """Its policy has queued the job once more. If it may not start, nobody need wait until it is due."""
        if program := self._streaks.stopped(job):
            self._leave_out(program)

    def _why_not(self, job: Job) -> str | Program | None:
        kind = self._devices.kind(job)
        if kind not in self._never:
            self._never[kind] = self._devices.never(job)
        return self._never[kind] or self._is_for_others(job) or self._streaks.stopped(job)

    def _leave_out(self, why: str | Program) -> None:
        jobs = [job for job in self._mine.queued() if self._why_not(job) == why]
        if not jobs:  # somebody else was quicker to take them
            return
        if not self._out:
            self._seen = self._store.last_event()
        is_new = why not in self._out
        self._out.setdefault(why, LeftOut(why, jobs[0], there=self._devices.there)).numbers.update(job.number for job in jobs)
        self._apply()
        if isinstance(why, Program):
            if is_new:
                self._news.append(Halted(str(why), self._streaks.failures(why), len(jobs), self._failed[why]))
        elif fresh := [job for job in jobs if job.number not in self._told]:
            self._told.update(job.number for job in fresh)
            self._news.append(Impossible(fresh[0], len(fresh), why, self._devices.there))

    def _listen(self) -> None:
        """Take back what may start after all: a person who asks for a job of a program has mended it, or has changed what the
        job asks for; and after a while there may be other GPUs."""
        latest = self._store.last_event()  # asked first: a word that comes between the two is heard again, and none is missed
        asked = self._store.asked_since(self._seen)
        for job in asked:
            self._streaks.forgive(program_of(job))
            self._out.pop(program_of(job), None)
            for each in self._out.values():
                each.numbers.discard(job.number)
        is_time = time.monotonic() - self._judged_at >= LOOK_AGAIN
        if is_time:
            self._judged_at = time.monotonic()
            self._never.clear()
            self._out = {why: each for why, each in self._out.items() if isinstance(why, Program)}
        if asked or is_time:
            self._seen = latest
            self._apply()

    def _apply(self) -> None:
        self._mine.leave_out(set().union(*(each.numbers for each in self._out.values())))
