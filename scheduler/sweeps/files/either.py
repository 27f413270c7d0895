"""One reader for both kinds of files: experiments files, and sweep files with method grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import Place, UserError
from scheduler.experiments.command import launch as launching
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.document.document import Document, open_document
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.experiment_file import ExperimentFile, from_document
from scheduler.sweeps.files.kinds import is_sweep

LISTS = (".txt", ".sh", ".bash", ".list", ".cmd", ".cmds", ".jobs")  # how people name a list of commands


def read_file(
    path: str, overrides: Sequence[str] = (), asked: Asked = launching.ASKED, limits: Limits = DEFAULT
) -> ExperimentFile:
    """An experiments file or a sweep file, read and checked.

    Raises UserError with file, line and column for whatever is wrong, and for a sweep that is no grid.
    """
    with advice(path):
        return file_of(open_document(path, limits), overrides, asked)


@contextmanager
def advice(path: str) -> Iterator[None]:
    """A list of commands is neither kind of file; whoever gives one is told how it is run."""
    try:
        yield
    except UserError:
        if Path(path).suffix not in LISTS or not Path(path).is_file():
            raise
        what = "this is no experiments file"
        next_step = f"`exp-queue run --commands {path}` runs a list of command lines, one job for each"
        if Path(path).suffix != ".txt":
            next_step += f"; `exp-queue exec -- sh {path}` runs a script as a whole"
        raise UserError(what, where=Place(path), next_step=next_step) from None


def file_of(document: Document, overrides: Sequence[str], asked: Asked) -> ExperimentFile:
    """The same for a file that is open already."""
    if not is_sweep(document):
        return from_document(document, overrides, asked)
    from scheduler.sweeps.files.grid_list import grid_list  # whoever has no sweep does not wait for what reads one

    return grid_list(document, overrides, asked)
