"""How jobs stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scheduler.actions.explain import never_here
from scheduler.actions.results import Line, Sort, best_first, lines
from scheduler.queue.selection import count, select
from scheduler.queue.store import Store


@dataclass(frozen=True)
class Status:
    """Jobs, oldest first; of how many that were asked for; why some can never run here, by their ids; and how many of all are in
    each state."""

    lines: Sequence[Line]
    of: int
    never: Mapping[str, str]
    counts: Mapping[str, int]


def status(store: Store, words: Sequence[str] = (), limit: int = 0, sort: Sort | None = None) -> Status:
    """The jobs that `words` name, without words all; of these the newest `limit`, or with 0 all. With `sort` the best come first,
    and `limit` takes the best of all."""
    if sort:
        found = status(store, words)
        return replace(found, lines=best_first(found.lines, sort)[: limit or None])
    chosen = select(store, words or ["all"], limit)
    never = never_here(chosen)
    return Status(lines(store, chosen, never), count(store, words or ["all"]), never, store.counts())
