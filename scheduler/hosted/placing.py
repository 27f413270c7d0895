"""Files that have come are put where they belong, each whole or not at all, and those that have vanished are deleted."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from scheduler.errors import StateError
from scheduler.failpoints import reach
from scheduler.hosted.copies import Copy
from scheduler.hosted.steps import Steps

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def place(copy: Copy, found: Steps, wanted: Mapping[str, str], ours: Mapping[str, Collection[str]]) -> None:
    """StateError where somebody writes there meanwhile; OSError where there is no room, say. The next sync goes on from there."""
    copy.root.mkdir(parents=True, exist_ok=True)
    for name in found.delete:
        if copy.at(name) in ours.get(name, ()):
            (copy.root / name).unlink()
            _prune(copy.root, name)
    for name in found.write:
        path = copy.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_empty(path)
        if copy.at(name) not in ("", wanted[name], *ours.get(name, ())):
            raise StateError(f"somebody has just written {path}", next_step="run it again")
        _put(copy.incoming / name, path)


def tidy(root: Path, names: Iterable[str]) -> None:
    """Take away what a sync that was cut has left half written beside these files."""
    for name in names:
        with suppress(OSError):
            _coming(root / name).unlink()


def _put(source: Path, path: Path) -> None:
    """A copy first: the state directory may be on another disk."""
    coming = _coming(path)
    coming.unlink(missing_ok=True)
    if source.is_symlink():
        coming.symlink_to(source.readlink())
    else:
        mode = 0o777 if source.stat().st_mode & 0o100 else 0o666
        with source.open("rb") as data, os.fdopen(os.open(coming, FLAGS, mode), "wb") as file:
            shutil.copyfileobj(data, file)
    reach("file-coming")
    coming.replace(path)


def _coming(path: Path) -> Path:
    """Always the same, so that what was left of it is found."""
    return path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.coming")


def _prune(root: Path, name: str) -> None:
    """Folders in which nothing is left."""
    folder = (root / name).parent
    with suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def _remove_empty(path: Path) -> None:
    """Where a folder was a file is to be; git knows no empty folders."""
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
