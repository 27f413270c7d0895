"""How people name jobs: a number, an id or the beginning of one, a name, `last`, `all`, a state, a group, a tag, a trial of a
sweep, or a filter."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from scheduler.errors import UserError, closest, nearest
from scheduler.queue.chosen import Chosen, joined
from scheduler.queue.evidence import paused
from scheduler.queue.filtering import fields_of, filtered
from scheduler.queue.filters import is_filter
from scheduler.queue.here import directory, file_from
from scheduler.queue.job import Job
from scheduler.queue.names import OWN_FORM, PAUSED, STATES, name_of
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.sweep_selection import sweep_named
from scheduler.queue.trials import latest_sweep, trials

TAG = "tag:"
MAKE = "`exp-queue run FILE` makes some"  # where there are no jobs at all
SHORT = 8  # letters of an id as tables show it: so many mean nothing else
RECENT = 200  # newest jobs whose parameters are looked through for a word
NUMBERS = 4  # digits from which a number may also be meant as the beginning of an id
_HEX = re.compile(r"[0-9a-f]{1,64}")
_RANGES = re.compile(r"#?[1-9][0-9]{0,17}(-[1-9][0-9]{0,17})?(,[1-9][0-9]{0,17}(-[1-9][0-9]{0,17})?)*")
LONGEST_NAME = 256  # letters of a file's name are fewer on every file system
EXPERIMENT = 8  # digits from which the beginning of an experiment's id is taken for one: there is no index of them


class NothingNamed(UserError):
    """A word that names no job, and comes near to nothing that does."""


def chosen(store: Store, words: Sequence[str]) -> Chosen:
    """The jobs that `words` name. UserError for a word that names none.

    A job's name, its own or the one it was given, names it. `tag:NAME` names all jobs with that tag, and may name none. A number
    names the job with that number, `3-7` those with these numbers, as far as there are any. A filter names the jobs for which it
    holds: `lr<0.01 and not tag:old`; it may name none.

    `last` is the newest job of what was asked last in this directory, `all` are all. A state (`failed`, `queued`, ...) names all
    jobs in it, `paused` those that run and were paused, `group:NAME` those of a group; these may name none. `trial:N` is trial N
    of the newest sweep, `trial:SWEEP/N` that of another. An id may be the experiment's too. A group or a file also names its
    jobs by itself, where the word is nothing else; a file as seen from here or, where there is none here, by the end of its path.
    """
    return joined((_choose_one(store, word, all_words=words) for word in words), "OR")


def select(store: Store, words: Sequence[str], limit: int = 0) -> list[Job]:
    """The jobs that `words` name, each once, in the order of the queue; with `limit` the newest so many. UserError as above."""
    found = chosen(store, words)
    return store.jobs(f"({found.where})", found.parameters, limit=limit or -1, newest=True)[::-1]


def count(store: Store, words: Sequence[str]) -> int:
    """How many jobs `words` name. UserError as above."""
    found = chosen(store, words)
    return store.read(f"SELECT count(*) FROM job WHERE {found.where}", found.parameters)[0][0]  # noqa: S608


def select_single(store: Store, word: str) -> Job:
    """The one job that `word` names; of several in a state, the newest."""
    jobs = select(store, [word], limit=1)
    if not jobs:
        raise UserError(none_of([word]), next_step="`exp-queue status` lists all jobs")
    return jobs[0]


def here() -> Chosen:
    """The jobs that start in this directory."""
    return Chosen("cwd IN (?, ?)", (directory(), os.environ.get("PWD", "")))


def none_of(words: Sequence[str]) -> str:
    """That these name nothing, for people: `no failed jobs`."""
    if len(words) != 1:
        return f"no jobs that are {' or '.join(words)}" if words else "no jobs yet"
    (word,) = words
    if word.startswith("group:"):
        return f"no jobs in the group {word.removeprefix('group:')}"
    if word.startswith(TAG):
        return f"no jobs with the tag {word.removeprefix(TAG)}"
    if is_filter(word):
        return f"no jobs with {word}"
    return "no jobs yet" if word == "all" else f"no {word} jobs"


def tagged(tag: str) -> Chosen:
    """The jobs with this tag."""
    return Chosen("tags != '' AND instr(' ' || tags || ' ', ' ' || ? || ' ') > 0", (tag,))


def numbered(store: Store, name: str) -> int | None:
    """The number of the job with this name, chosen by a person or made by the queue; None if no job has it."""
    for row in store.read("SELECT number FROM job WHERE renamed = ?", (name,)):
        return row["number"]
    own = re.fullmatch(OWN_FORM, name)
    found = store.read("SELECT id, number FROM job WHERE number = ?", (int(own[3]),)) if own else []
    return next((row["number"] for row in found if name_of(row["id"], row["number"]) == name), None)


def _choose_one(store: Store, word: str, all_words: Sequence[str] = ()) -> Chosen:
    if word == "last":
        return Chosen("id = ?", (_last(store),))
    if word == "all":
        return Chosen("1")
    if is_filter(word) and not _is_name(store, word):
        return filtered(store, word, lambda part: _choose_one(store, part))
    if word.startswith("group:"):
        return Chosen("group_name = ?", (word.removeprefix("group:"),))
    if word.startswith(TAG):
        return tagged(word.removeprefix(TAG))
    if number := numbered(store, word):
        return Chosen("number = ?", (number,))
    if word.startswith("trial:"):
        return Chosen("id = ?", (_trial(store, word.removeprefix("trial:")).id,))
    if word.lower() in ("and", "or", "not"):
        raise _unquoted(store, word, all_words)
    if word == PAUSED:
        return Chosen("id IN (SELECT value FROM json_each(?))", (json.dumps(_paused(store)),))
    if word in set(State):
        return Chosen("state = ?", (word,))
    if (by_numbers := _by_numbers(store, word)) is not None:
        return by_numbers
    if len(word) >= SHORT and _HEX.fullmatch(word):
        return Chosen("id = ?", (_by_prefix(store, word).id,))
    return _by_name_or_prefix(store, word)


def _is_name(store: Store, word: str) -> bool:
    """Whether what looks like a filter is what somebody has called a group or a file."""
    called = "group_name = ? OR file = ? OR file LIKE '%/' || ?"
    if len(word) < LONGEST_NAME and Path(word).is_file():
        return True
    return bool(store.jobs(called, (word.removeprefix("group:"), word, word), limit=1))


def _by_numbers(store: Store, word: str) -> Chosen | None:
    """The jobs with the numbers `12`, `3-7` or `1,3-7`; None where the word means something else. UserError for one that could
    mean either, and where there is no such job."""
    if not _RANGES.fullmatch(word) or (word.isdecimal() and len(word) >= SHORT):
        return None
    ranges = [_range(part) for part in word.removeprefix("#").split(",")]
    found = joined((Chosen("number BETWEEN ? AND ?", each) for each in ranges), "OR")
    there = bool(store.jobs(found.where, found.parameters, limit=1))
    begins = word.isdecimal() and (not there or len(word) >= NUMBERS) and _begins_an_id(store, word)
    named = not word.startswith("#") and _by_name(store, word) is not None
    if there and (begins or (named and word.isdecimal())):
        what = "an id begins with it" if begins else "a group or a file is called so"
        raise UserError(
            f"{word} is the number of a job, and {what}", next_step=f"write '#{word}' for the number, {_ELSE[begins]}"
        )
    if begins or named:
        return None
    return found if there else _no_number(store, word)


_ELSE = {True: "or more letters of the id", False: "or group:NAME, or the file's whole path"}


def _range(part: str) -> tuple[int, int]:
    first, _, last = part.partition("-")
    if int(last or first) < int(first):
        raise UserError(f"{part} goes backwards", next_step=f"write {last}-{first}")
    return int(first), int(last or first)


def _begins_an_id(store: Store, word: str) -> bool:
    return bool(store.jobs("id >= ? AND id < ?", (word, word + "g"), limit=1))


def _no_number(store: Store, word: str) -> NoReturn:
    newest = store.read("SELECT max(number) FROM job")[0][0]
    what = f"there is no job {word}, and no id begins with it" if word.isdecimal() else f"there is no job with a number of {word}"
    raise UserError(what, next_step=f"the newest job is {newest}" if newest else "`exp-queue run FILE` makes some")


def _unquoted(store: Store, word: str, words: Sequence[str]) -> UserError:
    """A shell has cut a filter into words, or took its < and > for itself."""
    whole = " ".join(words) or f"{word} ..."
    return UserError(f'"{word}" belongs to a filter', next_step=f"put the whole filter in quotes: '{whole}'")


def _by_name_or_prefix(store: Store, word: str) -> Chosen:
    named = _by_name(store, word)
    if not _HEX.fullmatch(word):
        return named or _nothing_named(store, word)
    if named and _begins_an_id(store, word):
        raise UserError(
            f'"{word}" is the name of a group or a file, and an id begins with it',
            next_step=f"write group:{word}, the file's whole path, or more letters of the id",
        )
    return named or Chosen("id = ?", (_by_prefix(store, word).id,))


def _by_name(store: Store, word: str) -> Chosen | None:
    """The jobs of the group, or else of the file, of that name; None if there are none."""
    for condition, name in (("group_name = ?", word), ("file = ?", _file(store, word))):
        if store.jobs(condition, (name,), limit=1):
            return Chosen(condition, (name,))
    return None


def taken(store: Store, word: str) -> bool:
    """Whether a group or a file is called so."""
    return _by_name(store, word) is not None


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


def _nothing_named(store: Store, word: str) -> Chosen:
    """Raises the UserError, with what comes near."""
    sql = "SELECT DISTINCT group_name AS name FROM job WHERE group_name IS NOT NULL UNION SELECT DISTINCT file FROM job"
    names = [Path(row["name"]).name for row in store.read(sql, ()) if row["name"]]
    ways = ["last", "all", "group:NAME", "trial:N", "tag:NAME", "1-5", "'lr<0.01'"]
    words = [*ways, *STATES, "a group", "a file"]
    near = closest(word, [*words, *names])
    if Path(word).is_file():
        raise UserError(f"no job is of the file {word}", next_step=f"`exp-queue run {word}` makes some")
    if word in fields_of(store, RECENT):
        what = f'"{word}" is what jobs can be chosen by, and names none'
        raise UserError(what, next_step=f"write '{word}=VALUE', in quotes, since a shell takes < and > for itself: '{word}<0.01'")
    what = f'"{word}" is neither a job id nor a state'
    if near is None:
        raise NothingNamed(what, next_step=nearest(word, words))
    raise UserError(what, next_step=nearest(word, [near]))


def _last(store: Store) -> str:
    """The id of the newest job of what was asked last here; where nothing ever was, of the newest of all."""
    asked = store.read("SELECT job.id FROM asked JOIN job ON job.number = asked.job WHERE asked.cwd = ?", (directory(),))
    found = asked or store.read("SELECT id FROM job ORDER BY number DESC LIMIT 1")
    if not found:
        raise UserError("there are no jobs yet", next_step=MAKE)
    return found[0][0]


def _paused(store: Store) -> list[str]:
    """The jobs that run and are paused."""
    return [each.job for each in paused(store.home, store.open_attempts())]


def _by_prefix(store: Store, prefix: str) -> Job:
    jobs = store.jobs("id >= ? AND id < ?", (prefix, prefix + "g"), limit=2)
    if not jobs and len(prefix) >= EXPERIMENT:  # what `prepare` prints as JSON, and Hydra's directories are named by
        jobs = store.jobs("experiment >= ? AND experiment < ?", (prefix, prefix + "g"), limit=2)
    if not jobs:
        raise UserError(f'no job has an id that begins with "{prefix}"', next_step="`exp-queue status` lists all jobs")
    if len(jobs) > 1:
        raise UserError(f'several jobs have an id that begins with "{prefix}"', next_step="give more of its letters")
    return jobs[0]


def _trial(store: Store, which: str) -> Job:
    """Trial `N` of the newest sweep, or `SWEEP/N` of the newest whose id begins so, or whose file is called so."""
    named, _, number = which.rpartition("/")
    sweep = sweep_named(store, named) if named else latest_sweep(store)
    found = [trial for trial in trials(store, sweep.id) if str(trial.number) == number] if sweep else []
    if not found:
        where = f"the {'' if named else 'newest '}sweep, of {sweep.file}," if sweep else "there is no sweep, so it"
        raise UserError(f"{where} has no trial {number}", next_step="`exp-queue status` lists all jobs")
    return store.job(found[0].job)
