"""Many jobs as a sequence that holds their numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, overload

from scheduler.jobs.values import Job

if TYPE_CHECKING:
    from scheduler.jobs.store import Store

CHUNK = 1000


class JobList(Sequence[Job]):
    """Jobs in a given order, each read when it is looked at, as it is at that moment: a list of 100,000 took 100 MB.

    The store must be open as long as the list is used.
    """

    def __init__(self, store: Store, numbers: Sequence[int]) -> None:
        self._store, self.numbers = store, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Job]:
        rest = iter(self.numbers)
        while some := list(islice(rest, CHUNK)):
            found = {job.number: job for job in self._store.by_numbers(some)}
            yield from (found[number] for number in some)

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> JobList: ...
    def __getitem__(self, index: int | slice) -> Job | JobList:
        if isinstance(index, slice):
            return JobList(self._store, self.numbers[index])
        return self._store.by_numbers([self.numbers[index]])[0]
