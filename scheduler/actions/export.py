"""What came out of jobs, handed on to other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from scheduler.actions.compared import NOTHING, Compared, compared
from scheduler.actions.exports import parquet
from scheduler.actions.exports.destination import refuse_what_is_there, whole_file, whole_folder
from scheduler.actions.exports.rows import POINT, columns_of, of_job, of_points
from scheduler.actions.exports.tensorboard import EventFiles
from scheduler.actions.exports.texts import lines, standard
from scheduler.actions.exports.wandb_runs import OfflineRuns
from scheduler.actions.logged import logged
from scheduler.errors import UserError
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.values import dataclass

TEXTS = ("csv", "json", "jsonl")
FOLDERS = ("tensorboard", "wandb")


@dataclass(frozen=True)
class Exported:
    """How many jobs were written, and where."""

    jobs: int
    path: Path
    folders: Sequence[str] = ()  # of the jobs, where each has its own


def export(
    store: Store,
    words: Sequence[str],
    style: str,
    path: Path,
    *,
    curves: bool = False,
    force: bool = False,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Exported:
    """Write the jobs that `words` name, without words all, to a file or, of one folder for each job, to a folder. It is there
    whole or not at all. UserError where something is there already, unless `force` replaces it. `tell` hears how many jobs of how
    many are done."""
    refuse_what_is_there(path, force=force)
    everyone = chosen(store, words)
    if style in FOLDERS:
        return _folders(store, everyone, style, path, force=force, tell=tell)
    with whole_file(path, force=force) as draft:
        if style == "parquet":
            rows, names = _rows(store, everyone, curves=curves)
            parquet.write(draft, names, list(rows))
        else:
            with draft.open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(texts(store, everyone, style, curves=curves))
    return Exported(len(everyone), path)


def chosen(store: Store, words: Sequence[str]) -> list[Compared]:
    """The jobs that `words` name, without words all."""
    return compared(store, select(store, words or ["all"]))


def texts(store: Store, everyone: Sequence[Compared], style: str, *, curves: bool) -> Iterator[str]:
    """The lines of one of TEXTS; the points of curves are not all kept at once."""
    rows, names = _rows(store, everyone, curves=curves)
    if style != "json":
        yield from lines(rows, style, names)
        return
    before = "["
    for row in rows:
        yield f"{before}\n  {json.dumps(standard(row), allow_nan=False)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _rows(store: Store, everyone: Sequence[Compared], *, curves: bool) -> tuple[Iterator[dict[str, Any]], Sequence[str]]:
    if curves:
        return (row for each in everyone if each.attempt for row in of_points(each, logged(store, each.job, each.attempt))), POINT
    rows = [of_job(each) for each in everyone]
    return iter(rows), columns_of(rows)


def _folders(
    store: Store, everyone: Sequence[Compared], style: str, path: Path, *, force: bool, tell: Callable[[int, int], None]
) -> Exported:
    if not everyone:
        raise UserError("there are no such jobs to export", next_step="`exp-queue status` lists all jobs")
    names = [_folder(each) for each in everyone]
    with whole_folder(path, force=force) as draft:
        files = EventFiles(draft) if style == "tensorboard" else OfflineRuns(draft)
        with closing(files):
            for done, (each, name) in enumerate(zip(everyone, names, strict=True)):
                tell(done, len(everyone))
                files.write(each, name, logged(store, each.job, each.attempt) if each.attempt else NOTHING)
    return Exported(len(everyone), path, names)


def _folder(each: Compared) -> str:
    """What the folder of a job is called: by its id and its name."""
    return f"{each.job.short_id}-{''.join(char if char.isalnum() or char in '-_.' else '_' for char in each.job.name)}"
