"""Jobs of a runner that wait, and those that wait in vain: what people hear of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from scheduler.queue.job_list import JobList
from scheduler.queue.mine import Mine
from scheduler.queue.waits import lacks
from scheduler.runner.left_out import LeftOut
from scheduler.runner.news import Waits
from scheduler.runner.notices import Notice, Skipped, Waiting
from scheduler.runner.plan import Wait

MOST = 3  # reasons that are told one by one


class Awaiting:
    """Remembers what has been told."""

    def __init__(self, mine: Mine) -> None:
        self._mine, self._store = mine, mine.store
        self._waits = Waits()
        self._seen = mine.store.last_event()
        self._looked = -1  # the last event at the last look at what waits
        self._told: set[tuple[int | None, float]] = set()

    def news(self, waits: Sequence[Wait], *, idle: bool) -> list[Notice]:
        """What was skipped since the last call, what of `waits` has lasted, and, where nothing of ours is under way (`idle`),
        what waits for other jobs or for its time. Each once, and those together that have one reason."""
        before, self._seen = self._seen, self._store.last_event()  # what comes meanwhile is for the next call
        news = [*self._lasting(waits), *self._skipped(before)]
        if not idle or self._looked == self._seen:
            return news
        self._looked = self._seen
        return [*news, *self._waiting()]

    def left_out(self) -> list[LeftOut]:
        """What is queued still and waits for other jobs."""
        groups = [each for each in self._mine.pending() if each.job.blocked]
        known = lacks(self._store, [each.job for each in groups], time.time())
        return [LeftOut(known[each.job.id], each.job, set(each.numbers)) for each in groups if each.job.id in known]

    def _lasting(self, waits: Sequence[Wait]) -> Iterator[Notice]:
        for some in self._waits.news(waits, time.monotonic()):
            alike = self._mine.alike(wait.job for wait in some)
            yield Waiting(some[0].job, some[0].reason, max(len(some), alike))

    def _skipped(self, before: int) -> Iterator[Notice]:
        for reason, numbers in self._mine.skipped_since(before, self._seen).items():
            yield Skipped(JobList(self._store.by_numbers, numbers), reason)

    def _waiting(self) -> Iterator[Waiting]:
        groups = [each for each in self._mine.pending() if each.key not in self._told]
        self._told.update(each.key for each in groups)
        known = lacks(self._store, [each.job for each in groups[:MOST]], time.time())
        for each in groups[:MOST]:
            if lack := known.get(each.job.id):
                yield Waiting(each.job, lack.reason, len(each.numbers))
        if rest := groups[MOST:]:
            yield Waiting(rest[0].job, "after other jobs, or not before a time", sum(len(each.numbers) for each in rest))
