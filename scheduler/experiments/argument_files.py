"""The files of `${args_json_file}`: one for each experiment, named by its id, readable by their owner alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from scheduler.errors import UserError
from scheduler.experiments.command.command import Launch
from scheduler.experiments.experiment import Experiment


def written(experiments: Iterable[Experiment]) -> Iterator[Experiment]:
    """The experiments, each handed on when the file that its command names is there. Raises UserError.

    The file holds what `${args_json}` would be. It is not removed: a line of `prepare` or a job in the queue may be
    started at any later time.
    """
    without: Launch | None = None  # a launch that names no file: experiments of a long grid share theirs
    for experiment in experiments:
        if experiment.launch is without:
            yield experiment
            continue
        try:
            write(experiment)
        except OSError as error:
            what = f"the file {experiment.argument_file} for ${{args_json_file}} cannot be written: {error.strerror}"
            raise UserError(what) from None
        if experiment.argument_file is None:
            without = experiment.launch
        yield experiment


def write(experiment: Experiment) -> None:
    """The file that the experiment's command names, if it names one. Raises OSError where there is no room for it, and UserError
    where its directory belongs to somebody else."""
    path = experiment.argument_file
    if path is not None:
        _write(path, experiment.arguments_as_json)


def _write(path: Path, text: str) -> None:
    _private(path.parent)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    new = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def _private(folder: Path) -> None:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        next_step = "set EXP_QUEUE_HOME to a directory of yours"
        raise UserError(f"the directory {folder} belongs to user {found.st_uid}, not to you", next_step=next_step)
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)
