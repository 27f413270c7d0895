"""What must hold of the order of jobs in a random history, worked out anew from what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis.stateful import invariant

from scheduler.queue.job import Job
from scheduler.queue.states import ENDED, SUCCEEDED, WAITING, State
from scheduler.runner.plan import Start, Wait
from tests.contract.runner.promises import Promises


@dataclass(frozen=True)
class Waits:
    """What a job was told to wait for."""

    after: frozenset[str] = frozenset()
    one: bool = False
    anyhow: bool = False
    begin: float = 0.0


class OrderPromises(Promises):
    """The invariants of order. The rules of a subclass keep `waits` up to date, by job."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: dict[str, Waits] = {}

    def _good(self, job: str) -> tuple[int, int, int]:
        """Of the jobs that it comes after: how many are as they should be, how many may still become so, how many there are."""
        waits, states = self.waits[job], [self.store.job(each).state for each in self.waits[job].after]
        fulfilled = [state for state in states if state in (ENDED if waits.anyhow else SUCCEEDED)]
        return len(fulfilled), sum(state not in ENDED for state in states), len(states)

    def _may_start(self, job: str) -> bool:
        good, _, total = self._good(job)
        return good >= (min(1, total) if self.waits[job].one else total)

    def _may_ever_start(self, job: str) -> bool:
        good, unfinished, total = self._good(job)
        return good + unfinished >= (min(1, total) if self.waits[job].one else total)

    def check_begin(self, job: str, now: float) -> None:
        """To be called when an attempt at `job` has begun."""
        assert self._may_start(job), f"after: {job} has begun before what it comes after was over"
        assert self.waits[job].begin <= now, f"begin: {job} has begun at {now}, before its time"

    def check_order(self, decisions: Sequence[Start | Wait]) -> None:
        """Nobody is overtaken by a job of a lower priority, or by a later one of the same, that asks for the same."""
        chosen = [each.job for each in decisions if isinstance(each, Start)]
        ids = {job.id for job in chosen}
        for other in self._free():
            for job in chosen if other.id not in ids else ():
                same = job.resources == other.resources
                assert not (same and _place(other) < _place(job)), f"order: {job.id} has overtaken {other.id}"

    def _free(self) -> list[Job]:
        jobs = self.store.jobs("state = 'queued' AND begin_at = 0")
        return [job for job in jobs if self._may_start(job.id)]

    @invariant()
    def after(self) -> None:
        for job in self.store.jobs():
            if job.state is State.QUEUED:
                assert job.blocked is not self._may_start(job.id), f"after: {job.id} is held back for nothing, or is not"
            if job.state in WAITING:
                assert self._may_ever_start(job.id), f"after: {job.id} waits for what will never be"
            if job.state is State.SKIPPED:
                assert self.waits[job.id].after, f"after: {job.id} was skipped and comes after nothing"


def _place(job: Job) -> tuple[int, int]:
    return (-job.priority, job.number)
