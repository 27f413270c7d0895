"""What this machine has room for, as the queue at the other end of a line hears of it: by the plan by which its runner starts
jobs, so that nobody is told that there is room for what would only wait."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.queue.asks import as_json
from scheduler.queue.job import Job
from scheduler.queue.states import ACTIVE, State, in_sql
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.runner.plan import Start, Wait, World, plan
from scheduler.shortage import Pause

FULL = "its slots are taken"
UNKNOWN = "it has no room now"
_THERE = f"state IN {in_sql(ACTIVE | {State.QUEUED})}"


@dataclass
class _Refused:
    """What was given back for want of room. `job`: the last that was; `why`: there is still none, "" where there is. `pause`:
    after something was given back though nothing that is known here stood in its way."""

    job: Job
    why: str = ""
    never: bool = False
    pause: Pause = field(default_factory=Pause)


class Room:
    """Of one line. `trouble`: what the machine lacks, as its runner has said."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store, self._devices, self.trouble = store, devices, ""
        self._refused: dict[str, _Refused] = {}  # by kind

    def now(self, known: Collection[str]) -> dict[str, Any]:
        """How it stands, as `ssh.places.Seen` has it. `known`: the orders of this line; what others have in this queue takes
        slots."""
        there = self._store.jobs(_THERE)
        for each in self._refused.values():
            self._judge(each, there)
        taken = sum(job.id not in known for job in there)
        refused = [(kind, each) for kind, each in self._refused.items() if each.why]
        not_now = {kind: each.why for kind, each in refused if not each.never}
        never = {as_json(each.job.resources): each.why for _, each in refused if each.never}
        return {"slots": self._devices.default_slots, "taken": taken, **self._gpus(), "not_now": not_now, "never": never}

    def _gpus(self) -> dict[str, Any]:
        desk = self._devices.desk
        return {"driver": bool(desk), "gpus": desk.count if desk else 0, "memory": desk.memory if desk else 0}

    def obstacle(self, order: str) -> Wait | None:
        """What keeps an order that waits from starting in this turn; None: nothing, or that is known in a moment."""
        there = self._store.jobs(_THERE)
        job = next((each for each in there if each.id == order), None)
        if job is None:
            return None
        wait = self._wait(job, [each for each in there if each.state is not State.QUEUED or each.number < job.number])
        return None if wait is None or wait.passing else wait

    def gave_back(self, job: Job, kind: str, wait: Wait | None) -> None:
        """It did not find a place: `wait` says why not, or nobody knows. `kind`: as its queue calls it and all that are alike."""
        refused = self._refused.setdefault(kind, _Refused(job))
        refused.job, refused.why = job, wait.reason if wait else self.trouble or UNKNOWN
        if wait is None:
            refused.pause.met(time.monotonic())

    def started(self, kind: str) -> None:
        """There was room for such a job."""
        self._refused.pop(kind, None)

    def _judge(self, refused: _Refused, there: Sequence[Job]) -> None:
        """The first words stay, as long as there is something in the way: what they count may change with every reading."""
        wait = self._wait(refused.job, there)
        if wait and wait.passing:
            return
        never = bool(self._devices.never(refused.job))
        if wait is None and not refused.pause.left(time.monotonic()):
            refused.why = ""
        elif not refused.why or never is not refused.never:
            refused.why = wait.reason if wait else self.trouble or UNKNOWN
        refused.never = never

    def _wait(self, job: Job, there: Sequence[Job]) -> Wait | None:
        """What the plan says of a job that stands behind all that waits `there`; None: it starts."""
        if never := self._devices.never(job):
            return Wait(job, never)
        waiting = (*(each for each in there if each.state is State.QUEUED), job)
        active = tuple(each for each in there if each.state is not State.QUEUED)
        gpus = self._devices.desk.view(self._store.gpu_uses(waiting)) if self._devices.desk else None
        decisions = plan(World(waiting, active, self._devices.default_slots, self._devices.cores, gpus))
        mine = next((each for each in decisions if each.job.id == job.id), Wait(job, FULL))
        return None if isinstance(mine, Start) else mine
