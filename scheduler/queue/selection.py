"""How people name jobs: an id or the beginning of one, `last`, `all`, a state, a group, a file, or a trial of a sweep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from scheduler.errors import UserError, nearest
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import file_from
from scheduler.queue.trials import latest_sweep, trials

SHORT = 8  # letters of an id as tables show it: so many mean nothing else
_HEX = re.compile(r"[0-9a-f]{1,64}")
EXPERIMENT = 8  # digits from which the beginning of an experiment's id is taken for one: there is no index of them


def select(store: Store, words: Sequence[str]) -> list[Job]:
    """The jobs that `words` name, each once, in the order of the queue. UserError for a word that names none.

    `last` is the newest job, `all` are all. A state (`failed`, `queued`, ...) names all jobs in it, `group:NAME` those of a
    group; both may name none. `trial:N` is trial N of the newest sweep. An id may be the experiment's too. A group or a file also
    names its jobs by itself, where the word is nothing else; a file as seen from here or, where there is none here, by the end of
    its path.
    """
    found = {job.number: job for word in words for job in _select_one(store, word)}
    return [found[number] for number in sorted(found)]


def select_single(store: Store, word: str) -> Job:
    """The one job that `word` names; of several in a state, the newest."""
    jobs = _select_one(store, word)
    if not jobs:
        raise UserError(f"no job is {word}", next_step="`exp-queue status` lists all jobs")
    return jobs[-1]


def _select_one(store: Store, word: str) -> list[Job]:
    if word == "last":
        jobs = store.jobs(limit=1, newest=True)
        if not jobs:
            raise UserError("there are no jobs yet", next_step="`exp-queue run FILE` makes some")
        return jobs
    if word == "all":
        return store.jobs()
    if word.startswith("group:"):
        return store.jobs("group_name = ?", (word.removeprefix("group:"),))
    if word.startswith("trial:"):
        return _trial(store, word.removeprefix("trial:"))
    if word in set(State):
        return store.jobs("state = ?", (word,))
    if len(word) >= SHORT and _HEX.fullmatch(word):
        return _by_prefix(store, word)
    named = _by_name(store, word)
    if not _HEX.fullmatch(word):
        return named or _nothing_named(store, word)
    if named and store.jobs("id >= ? AND id < ?", (word, word + "g"), limit=1):
        raise UserError(
            f'"{word}" is the name of a group or a file, and an id begins with it',
            next_step=f"write group:{word}, the file's whole path, or more letters of the id",
        )
    return named or _by_prefix(store, word)


def _by_name(store: Store, word: str) -> list[Job]:
    """The jobs of the group, or else of the file, of that name."""
    return store.jobs("group_name = ?", (word,)) or store.jobs("file = ?", (_file(store, word),))


def _file(store: Store, word: str) -> str | None:
    """The file that is meant, as the queue knows it; None if it knows none. UserError for several."""
    here = file_from(Path.cwd(), word)
    known = {row["file"] for row in store.read("SELECT DISTINCT file FROM job WHERE file IS NOT NULL", ())}
    if here in known or Path(here).exists():
        return here
    found = sorted(path for path in known if path.endswith(f"/{word}"))
    if len(found) > 1:
        raise UserError(f'several files are called "{word}": {", ".join(found)}', next_step="name one of them by its whole path")
    return found[0] if found else None


def _nothing_named(store: Store, word: str) -> list[Job]:
    """Raises the UserError, with what comes near."""
    sql = "SELECT DISTINCT group_name AS name FROM job WHERE group_name IS NOT NULL UNION SELECT DISTINCT file FROM job"
    names = [Path(row["name"]).name for row in store.read(sql, ()) if row["name"]]
    words = ["last", "all", "group:NAME", "trial:N", *map(str, State), "a group", "a file"]
    close = nearest(word, [*words, *names])
    if Path(word).is_file():
        raise UserError(f"no job is of the file {word}", next_step=f"`exp-queue run {word}` makes some")
    raise UserError(
        f'"{word}" is neither a job id nor a state',
        next_step=close if close.startswith("did you mean") else nearest(word, words),
    )


def _by_prefix(store: Store, prefix: str) -> list[Job]:
    jobs = store.jobs("id >= ? AND id < ?", (prefix, prefix + "g"), limit=2)
    if not jobs and len(prefix) >= EXPERIMENT:  # what `prepare` prints as JSON, and Hydra's directories are named by
        jobs = store.jobs("experiment >= ? AND experiment < ?", (prefix, prefix + "g"), limit=2)
    if not jobs:
        raise UserError(f'no job has an id that begins with "{prefix}"', next_step="`exp-queue status` lists all jobs")
    if len(jobs) > 1:
        raise UserError(f'several jobs have an id that begins with "{prefix}"', next_step="give more of its letters")
    return jobs


def _trial(store: Store, number: str) -> list[Job]:
    sweep = latest_sweep(store)
    found = [trial for trial in trials(store, sweep.id) if str(trial.number) == number] if sweep else []
    if not found:
        where = f"the newest sweep, of {sweep.file}," if sweep else "there is no sweep, so it"
        raise UserError(f"{where} has no trial {number}", next_step="`exp-queue status` lists all jobs")
    return store.by_ids([found[0].job])
