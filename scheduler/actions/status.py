"""How jobs stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from scheduler.queue.states import ACTIVE, State
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.actions.pacing import Pace
    from scheduler.actions.results import Line, Sort
    from scheduler.queue.job import Job
    from scheduler.queue.store import Store
    from scheduler.warm.kept import Kept


@dataclass(frozen=True)
class Status:
    """Jobs, oldest first; of how many that were asked for; why some can never run here, by their ids; and how many of all are in
    each state. `unlogged`: that none of them has what they are sorted by. `idling`: how busy the GPUs of those are that starve
    them, in percent, by their ids. `kept`: interpreters that keep imports loaded, where anything runs; `paces`: of the
    programs that run, where their runners find out how many are best at once."""

    lines: Sequence[Line]
    of: int
    never: Mapping[str, str]
    counts: Mapping[str, int]
    unlogged: str = ""
    idling: Mapping[str, float] = field(default_factory=dict)
    kept: Sequence[Kept] = ()
    paces: Sequence[Pace] = ()


def status(store: Store, words: Sequence[str] = (), limit: int = 0, sort: Sort | None = None) -> Status:
    """The jobs that `words` name, without words all; of these the newest `limit`, or with 0 all. With `sort` the best come first,
    and `limit` takes the best of all."""
    if sort:
        return _sorted(status(store, words), limit, sort)
    counts = store.counts()
    jobs, of = _chosen(store, words, limit) if words else (_newest(store, limit), sum(counts.values()))
    never, found_lines = _about(store, jobs) if jobs else ({}, [])
    found = Status(found_lines, of, never, counts)
    return _with_what_runs(store, jobs, found) if ACTIVE & counts.keys() else found


def _newest(store: Store, limit: int) -> list[Job]:
    return store.jobs(limit=limit or -1, newest=True)[::-1]


def _chosen(store: Store, words: Sequence[str], limit: int) -> tuple[list[Job], int]:
    from scheduler.queue.selection import count, select  # with all the ways to name jobs

    return select(store, words, limit), count(store, words)


def _about(store: Store, jobs: Sequence[Job]) -> tuple[Mapping[str, str], list[Line]]:
    from scheduler.actions.results import lines

    found = lines(store, jobs)
    if not any(job.state is State.QUEUED for job in jobs):
        return {}, found
    from scheduler.actions.never_here import never_here  # with what is asked of the machine

    never = never_here(line.job for line in found if not line.way)  # where others have them, this machine has no say
    return never, [replace(line, obstacle=never[line.job.id]) if line.job.id in never else line for line in found]


def _sorted(found: Status, limit: int, sort: Sort) -> Status:
    from scheduler.actions.results import best_first, unlogged

    best = best_first(found.lines, sort)
    return replace(found, lines=best[: limit or None], unlogged=unlogged(best))


def _with_what_runs(store: Store, jobs: Sequence[Job], found: Status) -> Status:
    """The same with what is to be said while anything runs."""
    from scheduler.actions.pacing import paces
    from scheduler.actions.system import idling
    from scheduler.warm.kept import kept

    interpreters = kept() if {State.STARTING, State.RUNNING} & found.counts.keys() else []
    allowed = paces(store.home, (job for job in jobs if job.state in ACTIVE))
    return replace(found, idling=idling(found.lines), kept=interpreters, paces=allowed)
