"""Runs that W&B's client has logged offline become jobs, without a server and without a network.

What the client would have sent is put into the journal of its run, as the server does, and what a seat would have written is
written at once. So a run that was imported and one that was sent are the same job, and each is passed over where it is there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scheduler.attempt_files import LOG
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue import system_uses
from scheduler.queue.elsewhere import recorded
from scheduler.queue.job import Ending, Job
from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from scheduler.report.text import plural
from scheduler.runner.logs import keep_what_is_small
from scheduler.tracking.readers.wandb_framing import Records
from scheduler.tracking.system_use import read as read_use
from scheduler.values import dataclass
from scheduler.wandb_server.desk import ENTITY, PROJECT
from scheduler.wandb_server.folders import Folder, Posts, RunId, root_of
from scheduler.wandb_server.jobs import called, job_of, queued, seat_of
from scheduler.wandb_server.offline import NO_END, OfflineRun, posts, read
from scheduler.wandb_server.posts import HISTORY, Told
from scheduler.wandb_server.runs import Runs
from scheduler.wandb_server.writing import Written

NEW, MORE, THERE, RUNS = "imported", "imported again, with more", "there already", "runs now, and is left alone"


@dataclass(frozen=True)
class Part:
    """One file, read. `is_damaged`: some of it could not be."""

    path: Path
    said: OfflineRun
    is_damaged: bool


@dataclass(frozen=True)
class Imported:
    """What became of a run. `job`: the one that stands for it; `notes`: what is missing of it."""

    run: RunId
    paths: tuple[Path, ...]
    became: str
    job: Job
    notes: tuple[str, ...] = ()


def import_runs(store: Store, places: Sequence[Path]) -> Iterator[Imported]:
    """Make jobs of the runs below these folders and files. UserError where there is none."""
    by_run: dict[RunId, list[Part]] = {}
    for path in files_in(places):
        part = _part(path)
        run = RunId(part.said.entity or ENTITY, part.said.project or PROJECT, part.said.run or path.stem.removeprefix("run-"))
        by_run.setdefault(run, []).append(part)
    for run, parts in sorted(by_run.items(), key=lambda each: _began(each[1])):
        yield _import(store, run, sorted(parts, key=lambda part: part.said.began))


def files_in(places: Sequence[Path]) -> list[Path]:
    """The transaction logs that these name: files, folders of runs, folders of such folders. UserError where one names none."""
    found: dict[Path, Path] = {}
    for place in places:
        patterns = ("*.wandb", "*run-*/*.wandb", "wandb/*run-*/*.wandb")
        here = [place] if place.is_file() else sorted(path for pattern in patterns for path in place.glob(pattern))
        if not here:
            what = "holds no run that was logged offline" if place.exists() else "is not there"
            raise UserError(
                f"{place} {what}", next_step="name a folder such as wandb/ or wandb/offline-run-..., or a .wandb file"
            )
        found.update({path.resolve(): path for path in here})  # `latest-run` is one of the others
    return sorted(found)


def _part(path: Path) -> Part:
    """UserError for a file that is no such log."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    records, found, is_damaged = Records(), list[bytes](), False
    while True:
        found += records.take(data[records.position :])
        if records.foreign:
            raise UserError(f"{path} is no transaction log of W&B")
        if records.position >= len(data):
            return Part(path, read(found), is_damaged)
        is_damaged = True
        records.skip_damage(len(data))


def _began(parts: Sequence[Part]) -> float:
    return min(part.said.began for part in parts)


def _import(store: Store, run: RunId, parts: Sequence[Part]) -> Imported:
    all_posts = list(posts(part.said for part in parts))
    told, runs = _folded(all_posts), Runs(store.home.root)
    paths, before, job = tuple(part.path for part in parts), runs.told(run), seat_of(store, run)
    if own := job_of(store, run):  # one of ours has logged it
        return Imported(run, paths, THERE, own)
    if job and job.state not in ENDED:
        return Imported(run, paths, RUNS, job)
    if job and before and not _says_more(told, before):
        return Imported(run, paths, THERE, job)
    if before:
        runs.start_over(run)
    for post in all_posts:
        runs.tell(run, post)
    missing = _files(runs.folder(run), parts)
    job = _recorded(store, run, told, parts)
    damage = ["a part of its log is damaged, and is left out"] if any(part.is_damaged for part in parts) else []
    gone = [f"{plural(missing, 'file')} could not be copied"] if missing else []
    notes = (*damage, *gone, *([NO_END] if not told.is_over else []))
    return Imported(run, paths, MORE if before else NEW, job, notes)


def _folded(given: Sequence[dict[str, Any]]) -> Told:
    told = Told()
    for post in given:
        told.take(post)
    return told


def _says_more(told: Told, before: Told) -> bool:
    """Whether a run is further than it was known to be."""
    ends = told.is_over and (not before.is_over or told.exit_status != before.exit_status)
    return ends or told.counts.get(HISTORY, 0) > before.counts.get(HISTORY, 0)


def _files(folder: Folder, parts: Sequence[Part]) -> int:
    """Copy what was saved and what is shown; returns how many could not be: links whose files are gone, names that lead away."""
    missing = 0
    for part in parts:
        root = part.path.parent / "files"
        for path in sorted(each for each in root.rglob("*") if not each.is_dir()):
            target = folder.file(str(path.relative_to(root)))
            try:
                if target is None or not path.is_file():
                    raise FileNotFoundError
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            except OSError:
                missing += 1
    return missing


def _recorded(store: Store, run: RunId, told: Told, parts: Sequence[Part]) -> Job:
    """The job of a run whose journal is written, with the attempt that it has had."""
    ending = _ending(told)
    began = _began(parts) or parts[0].path.stat().st_mtime
    ended = max(began, *(part.said.ended for part in parts))
    with _written(store.home, run) as draft, store.change() as change:
        job = queued(store, change, run, told, anew=True)
        attempt = recorded(change, job, began, ended, ending)
        if attempt:
            Path(attempt.directory).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.rename(attempt.directory)
            system_uses.remember(change, attempt, read_use(attempt.system, began))
    job = called(store, store.job(job.id), told.display_name)
    if attempt:
        keep_what_is_small(store, job, attempt)
    return job


def _ending(told: Told) -> Ending:
    if told.exit_status is None:
        return Ending(State.FAILED, None, NO_END)
    reason = f"exit status {told.exit_status}" if told.exit_status else ""
    return Ending(State.FAILED if told.exit_status else State.DONE, told.exit_status, reason)


@contextmanager
def _written(home: Home, run: RunId) -> Iterator[Path]:
    """Meanwhile a folder with what a seat would have written, to be moved to its place."""
    folder = Folder(home.root, run)
    draft = root_of(home.root) / "drafts" / run.digest
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    try:
        with (draft / LOG).open("w", encoding="utf-8", errors="replace") as log:
            written, told = Written(folder, draft, lambda line: log.write(f"{line}\n")), Told()
            for post in Posts(folder.posts).read():
                written.take(told.take(post))
            written.close(told.summary)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
