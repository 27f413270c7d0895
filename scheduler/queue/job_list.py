"""Many jobs as a sequence that holds their numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import overload

from scheduler.queue.job import Job

CHUNK = 1000


class JobList(Sequence[Job]):
    """Jobs in a given order, each read when it is looked at, as it is at that moment: a list of 100,000 took 100 MB.

    `fetch` reads the jobs with some numbers, in any order; its store must be open as long as the list is used.
    """

    def __init__(self, fetch: Callable[[Iterable[int]], Iterable[Job]], numbers: Sequence[int]) -> None:
        self._fetch, self.numbers = fetch, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Job]:
        rest = iter(self.numbers)
        while some := list(islice(rest, CHUNK)):
            found = {job.number: job for job in self._fetch(some)}
            yield from (found[number] for number in some)

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> JobList: ...
    def __getitem__(self, index: int | slice) -> Job | JobList:
        if isinstance(index, slice):
            return JobList(self._fetch, self.numbers[index])
        return next(iter(self._fetch([self.numbers[index]])))
