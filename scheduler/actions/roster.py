"""Jobs one below the other, of which only those near the one that somebody looks at are read: a list of 100,000 opens at once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from scheduler.actions.lookout import LEAST, THRIFT
from scheduler.actions.results import Line, best_first, lines
from scheduler.actions.scene import Running, Scene
from scheduler.errors import UserError
from scheduler.queue.chosen import Chosen, of_numbers
from scheduler.queue.job import Job
from scheduler.queue.listing import Order, listed, unfinished
from scheduler.queue.selection import chosen
from scheduler.queue.states import ACTIVE
from scheduler.queue.store import Store
from scheduler.values import dataclass

OVER = 10  # jobs that have ended while one looks, and are still shown
RANKED = 1000  # of the newest that have run, the best first


@dataclass(frozen=True)
class View:
    """What somebody wants to see: the jobs that `words` name (none: what is not over, and what has ended last meanwhile) in an
    order, and of these `room` before and after the job with the number `anchor` or, where that is not among them, the place
    `near`."""

    words: tuple[str, ...] = ()
    order: Order = Order.QUEUE
    anchor: int | None = None
    near: int = 0
    room: int = 100


@dataclass(frozen=True)
class Entry:
    """A job of the list: as one that runs is seen, or with what came out."""

    job: Job
    running: Running | None = None
    line: Line | None = None


@dataclass(frozen=True)
class Page:
    """The numbers of all jobs of a view, in its order, and those that were read; `problem`: why its words name none."""

    view: View = View()
    numbers: Sequence[int] = ()
    entries: Mapping[int, Entry] = field(default_factory=dict)
    problem: str = ""


class Roster:
    """Makes pages of a store, for one who looks now and later."""

    def __init__(self, store: Store, thrift: float = THRIFT) -> None:
        """`thrift`: a list that took a second to make is made again after so many."""
        self._store, self._begun, self._thrift = store, store.last_event(), thrift
        self._asked: object = None
        self._version: object = None
        self._due = float("-inf")
        self._listed: list[int] = []
        self._problem = ""
        self._front: tuple[tuple[int, ...], Sequence[int]] = ((), ())
        self._ran: tuple[int, ...] = ()
        self._lines: tuple[object, Mapping[int, Entry]] = (None, {})

    def page(self, scene: Scene, view: View, *, fresh: bool = False) -> Page:
        """What there is to see of `view`. A list that takes long to make is not made at every change, unless it must be `fresh`;
        the jobs that are in sight are always as they are now."""
        version = (self._store.read("PRAGMA data_version")[0][0], self._store.last_event())
        self._list(scene, view, version, fresh=fresh)
        numbers = self._numbers(scene, view)
        place = _place(numbers, view)
        sight = numbers[max(place - view.room, 0) : place + view.room + 1]
        return Page(view, numbers, self._entries(scene, sight, version), self._problem)

    def _list(self, scene: Scene, view: View, version: object, *, fresh: bool) -> None:
        asked = (view.words, view.order)
        is_other = asked != self._asked or fresh
        if not is_other and (version == self._version or time.monotonic() < self._due):
            return
        begun = time.thread_time()
        self._problem = ""
        try:
            self._listed = self._made(view)
        except UserError as error:
            self._listed, self._problem = [], str(error)
        self._asked, self._version = asked, version
        rest = self._thrift * (time.thread_time() - begun)
        self._due = time.monotonic() + (rest if rest > LEAST else 0.0)
        self._ran, self._front = tuple(each.job.number for each in scene.running), ((), ())

    def _made(self, view: View) -> list[int]:
        if not view.words and view.order is Order.QUEUE:
            return unfinished(self._store, self._begun, OVER)
        which = chosen(self._store, view.words) if view.words else of_numbers(unfinished(self._store, self._begun, OVER))
        return self._best(which) if view.order is Order.BEST else listed(self._store, which, view.order)

    def _best(self, which: Chosen) -> list[int]:
        ran = which.also("attempts > 0")
        some = lines(self._store, self._store.jobs(ran.where, ran.parameters, limit=RANKED, newest=True)[::-1])
        best = [line.job.number for line in best_first(some)]
        return [*best, *_without(listed(self._store, which, Order.NEWEST), best)]

    def _numbers(self, scene: Scene, view: View) -> Sequence[int]:
        """The list as it was made, in front what runs now and has run then: what begins and ends is seen at once."""
        if view.order is not Order.QUEUE:
            return self._listed
        runs = tuple(each.job.number for each in scene.running)
        if self._front[0] != runs or not self._front[1]:
            known = set(self._listed)
            front = [*runs, *(number for number in self._ran if number not in runs)]
            front = [number for number in front if number in known or not view.words]
            self._front = (runs, [*front, *_without(self._listed, front)])
        return self._front[1]

    def _entries(self, scene: Scene, numbers: Sequence[int], version: object) -> dict[int, Entry]:
        running = {each.job.number: each for each in scene.running}
        rest = [number for number in numbers if number not in running]
        if self._lines[0] != (version, rest):
            jobs = self._store.by_numbers(rest)
            still = [job for job in jobs if job.state not in ACTIVE]
            found = {line.job.number: Entry(line.job, line=line) for line in lines(self._store, still)}
            self._lines = ((version, rest), {**{job.number: Entry(job) for job in jobs}, **found})
        live = {number: Entry(running[number].job, running[number]) for number in numbers if number in running}
        return {**self._lines[1], **live}


def _place(numbers: Sequence[int], view: View) -> int:
    if view.anchor in numbers:
        return numbers.index(view.anchor)
    return max(min(view.near, len(numbers) - 1), 0)


def _without(numbers: Iterable[int], others: Iterable[int]) -> list[int]:
    known = set(others)
    return [number for number in numbers if number not in known]
