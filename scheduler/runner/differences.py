"""What a person should know of the jobs that start: in which they differ from what whoever looks would expect."""

from __future__ import annotations

import os
from collections.abc import Iterator

from scheduler.queue.code import Aged, aged
from scheduler.queue.job import Attempt, Job
from scheduler.queue.mine import Mine
from scheduler.queue.surroundings import Surroundings, resolved
from scheduler.runner.notices import Elsewhere, OtherCode


class Differences:
    """Of the jobs that one runner starts: each kind of difference once."""

    def __init__(self, mine: Mine) -> None:
        self._mine = mine
        self._looked_at: set[Surroundings] = set()
        self._told: set[tuple[tuple[str, ...], str]] = set()
        self._aged: set[Aged] = set()

    def news(self, job: Job, attempt: Attempt) -> Iterator[Elsewhere | OtherCode]:
        """What was not told before: variables of others in the environment of this job, and a program that was edited."""
        yield from self._elsewhere(job, self._mine.store.surroundings(job))
        if attempt.code != job.code:
            yield from self._other_code(job, attempt)

    def _elsewhere(self, job: Job, kept: Surroundings) -> Iterator[Elsewhere]:
        if kept in self._looked_at:
            return
        self._looked_at.add(kept)
        there = kept.program is None or kept.program == resolved(os.environ, job.argv, job.cwd)
        kind = (tuple(kept.differing(os.environ)), "" if there or kept.program is None else kept.program)
        if kind not in self._told and any(kind):
            self._told.add(kind)
            yield Elsewhere(job, *kind)

    def _other_code(self, job: Job, attempt: Attempt) -> Iterator[OtherCode]:
        store = self._mine.store
        now = store.code(attempt.code)
        change = aged(store.code(job.code), now)
        if now is None or change is None or change in self._aged:
            return
        self._aged.add(change)
        old = [number for number, code in store.codes_at(now.program).items() if aged(code, now) == change]
        yield OtherCode(job, change, self._mine.queued_with(old))
