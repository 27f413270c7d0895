"""A page about jobs in one file that can be sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scheduler.actions.advance import Advance, nobody
from scheduler.actions.compared import compared
from scheduler.actions.exports.destination import whole_file
from scheduler.errors import UserError
from scheduler.queue.selection import MAKE, none_of, select
from scheduler.queue.store import Store
from scheduler.values import dataclass
from scheduler.web.documents.whole import whole
from scheduler.web.notes import rendered
from scheduler.web.page import self_contained


@dataclass(frozen=True)
class Made:
    """The page, and how many runs it is about."""

    title: str
    runs: int
    html: str


@dataclass(frozen=True)
class Written:
    """How many runs are in the file, where it is and how many bytes it has."""

    runs: int
    path: Path
    size: int


def made(
    store: Store, words: Sequence[str], *, title: str | None = None, notes: Path | None = None, tell: Advance = nobody
) -> Made:
    """A page about the jobs that `words` name, without words all. `notes`: Markdown that stands above the views. `tell` hears how
    much of what is done. UserError where there are no such jobs, and for notes that cannot be read."""
    told, jobs = rendered(notes) if notes else "", select(store, words or ["all"])
    if not jobs:
        raise UserError(none_of(words), next_step="`exp-queue status` lists all jobs" if words else MAKE)
    named = title or (" ".join(words) if words else "All experiments")
    return Made(named, len(jobs), self_contained(named, whole(store, compared(store, jobs), named, tell), told))


def write(
    store: Store,
    words: Sequence[str],
    path: Path,
    *,
    title: str | None = None,
    notes: Path | None = None,
    force: bool = False,
    tell: Advance = nobody,
) -> Written:
    """The same as a file, which is there whole or not at all. UserError also where one is there already, unless `force` replaces
    it."""
    with whole_file(path, force=force) as draft:
        found = made(store, words, title=title, notes=notes, tell=tell)
        draft.write_text(found.html, encoding="utf-8")
        return Written(found.runs, path, draft.stat().st_size)
