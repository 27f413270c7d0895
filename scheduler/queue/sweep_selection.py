"""How people name sweeps: an id or the beginning of one, a file, also without what follows its dot, or `last`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from scheduler.errors import UserError, nearest
from scheduler.queue.here import directory, file_from
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, newest_sweeps

_HEX = re.compile(r"[0-9a-f]{1,32}")
_HERE = "SELECT DISTINCT trial.sweep FROM job JOIN trial ON trial.job = job.id WHERE job.cwd IN (?, ?)"
_OF_FILE = "SELECT DISTINCT trial.sweep FROM job JOIN trial ON trial.job = job.id WHERE job.file = ?"


def sweep_named(store: Store, word: str | None = None) -> SweepRecord:
    """The newest sweep that `word` names; without it, and for `last`, the newest of this directory, else the newest of all.
    UserError for a word that names none, with what comes near, and where there is no sweep at all."""
    sweeps = newest_sweeps(store)
    if not sweeps:
        raise UserError("there is no sweep yet", next_step="`exp-queue sweep FILE` begins one")
    found = _of_this_directory(store, sweeps) if word in (None, "last") else _named(store, str(word), sweeps)
    if found:
        return found
    known = [*dict.fromkeys(Path(sweep.file).name for sweep in sweeps), *(sweep.id[:8] for sweep in sweeps), "last"]
    next_step = nearest(str(word), known)
    raise UserError(f'no sweep is called "{word}"', next_step=next_step if "did you" in next_step else _LIST)


_LIST = "`exp-queue sweeps` lists all sweeps"


def _of_this_directory(store: Store, sweeps: list[SweepRecord]) -> SweepRecord:
    here = {row[0] for row in store.read(_HERE, (directory(), os.environ.get("PWD", "")))}
    return next((sweep for sweep in sweeps if sweep.id in here), sweeps[0])


def _named(store: Store, word: str, sweeps: list[SweepRecord]) -> SweepRecord | None:
    here = {row[0] for row in store.read(_OF_FILE, (file_from(Path.cwd(), word),))}
    found = [sweep for sweep in sweeps if sweep.id in here] or [
        sweep for sweep in sweeps if sweep.file == word or sweep.file.endswith(f"/{word}")
    ]
    if found:
        return found[0]
    several = [sweep for sweep in sweeps if sweep.id.startswith(word)] if _HEX.fullmatch(word) else []
    if len(several) > 1:
        raise UserError(f'several sweeps have an id that begins with "{word}"', next_step="give more of its letters")
    # What `wandb sweep` prints as the id of a sweep is the name of its file here.
    return next((sweep for sweep in several or sweeps if several or Path(sweep.file).stem == word), None)
