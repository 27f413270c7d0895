"""Where an export goes: it is there whole or not at all, and nothing is replaced unless somebody says so."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import CannotEverRun, UserError

MARK = ".exported-by-exp-queue"  # in a folder that we have made, and may replace


def refuse_what_is_there(path: Path, *, force: bool) -> None:
    """UserError where something is at `path` that is not to be replaced: a file without `force`, a folder that is none of our
    exports even so. An empty folder is as good as none."""
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}", next_step=f"make it: mkdir -p {path.parent}")
    if not os.path.lexists(path) or (path.is_dir() and not any(path.iterdir())):
        return
    if path.is_dir() and not (path / MARK).exists():
        raise UserError(f"{path} is a folder that is no export", next_step="name another one with -o")
    if path.exists() and not path.is_dir() and not path.is_file():
        raise UserError(f"{path} is no file but a device or a pipe", next_step="name a file with -o")
    if not force:
        raise UserError(f"{path} is there already", next_step="--force replaces it")


@contextmanager
def whole_file(path: Path, *, force: bool) -> Iterator[Path]:
    """A file to write beside `path`, which takes its place at the end. UserError as above, and where it cannot be written."""
    refuse_what_is_there(path, force=force)
    draft = _beside(path)
    with _words_for(path, draft):
        try:
            if path.is_dir():
                raise UserError(f"{path} is a folder", next_step=f"name a file in it: -o {path / 'NAME'}")
            draft.touch()  # before anything long is done for it; what is killed meanwhile leaves nothing
            draft.unlink()
            yield draft
            if force:
                draft.replace(path)
            else:
                _put(draft, path)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, *, force: bool) -> Iterator[Path]:
    """The same for a folder."""
    refuse_what_is_there(path, force=force)
    draft = _beside(path)
    with _words_for(path, draft):
        try:
            draft.mkdir()
            (draft / MARK).touch()
            yield draft
            if path.is_dir():
                _exchange(path, draft)
            else:
                if force and os.path.lexists(path):
                    path.unlink()
                draft.rename(path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _exchange(path: Path, draft: Path) -> None:
    """The draft in the place of the folder that is there. Where that cannot be, the folder stays."""
    former = _beside(path, ".former")
    path.rename(former)
    try:
        draft.rename(path)
    except OSError:
        former.rename(path)
        raise
    shutil.rmtree(former, ignore_errors=True)


@contextmanager
def _words_for(path: Path, draft: Path) -> Iterator[None]:
    """CannotEverRun where `path` cannot be written, which is tried with `draft`. What cannot be read is another matter."""
    try:
        yield
    except OSError as error:
        where = Path(error.filename) if isinstance(error.filename, str) else draft
        if draft not in (where, *where.parents) and where != path:
            raise
        next_step = "make room, or name another place with -o"
        raise CannotEverRun(f"cannot write {path}: {error.strerror}", next_step=next_step) from error


def _beside(path: Path, word: str = ".part") -> Path:
    return path.with_name(f".{path.name[:50]}.{os.getpid()}{word}")  # a name has room for 255 bytes


def _put(draft: Path, path: Path) -> None:
    """Under its name, unless somebody else has made one meanwhile."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise UserError(f"{path} is there already", next_step="--force replaces it") from None
    except OSError:  # a file system without links
        with contextlib.suppress(FileNotFoundError):
            draft.replace(path)
