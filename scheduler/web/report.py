"""A page about jobs in one file that can be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler.actions.compared import compared
from scheduler.actions.exports.destination import whole_file
from scheduler.errors import UserError
from scheduler.queue.selection import none_of, select
from scheduler.queue.store import Store
from scheduler.web.documents.whole import whole
from scheduler.web.notes import rendered
from scheduler.web.page import self_contained


@dataclass(frozen=True)
class Written:
    """How many runs are in the file, where it is and how many bytes it has."""

    runs: int
    path: Path
    size: int


def write(
    store: Store, words: Sequence[str], path: Path, *, title: str | None = None, notes: Path | None = None, force: bool = False
) -> Written:
    """The jobs that `words` name, without words all. The file is there whole or not at all. `notes`: Markdown that stands above
    the views. UserError where a file is there already, unless `force` replaces it, where there are no such jobs, and for notes
    that cannot be read."""
    with whole_file(path, force=force) as draft:
        told = rendered(notes) if notes else ""
        jobs = select(store, words or ["all"])
        if not jobs:
            raise UserError(none_of(words), next_step="`exp-queue status` lists all jobs")
        named = title or (" ".join(words) if words else "All experiments")
        text = self_contained(named, whole(store, compared(store, jobs), named), told)
        draft.write_text(text, encoding="utf-8")
        return Written(len(jobs), path, draft.stat().st_size)
