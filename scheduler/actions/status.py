"""How jobs stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from scheduler.actions.never_here import never_here
from scheduler.actions.pacing import Pace, paces
from scheduler.actions.results import Line, Sort, best_first, lines, unlogged
from scheduler.actions.system import idling
from scheduler.queue.selection import count, select
from scheduler.queue.states import ACTIVE
from scheduler.queue.store import Store
from scheduler.values import dataclass
from scheduler.warm.kept import Kept, kept


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
        found = status(store, words)
        best = best_first(found.lines, sort)
        return replace(found, lines=best[: limit or None], unlogged=unlogged(best))
    chosen = select(store, words or ["all"], limit)
    never = never_here(chosen)
    found_lines = lines(store, chosen, never)
    counts = store.counts()
    interpreters = kept() if "running" in counts or "starting" in counts else []
    allowed = paces(store.home, (job for job in chosen if job.state in ACTIVE))
    named = count(store, words or ["all"])
    return Status(found_lines, named, never, counts, idling=idling(found_lines), kept=interpreters, paces=allowed)
