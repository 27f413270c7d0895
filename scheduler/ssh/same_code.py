"""Whether the code here is that of over there."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from scheduler.errors import StateError
from scheduler.queue.checkout import checkout_of, names_that_differ

_BLOCK = 1 << 20  # bytes that are read at once


def code_at(directory: str) -> tuple[str, str]:
    """The commit around a directory, and a digest of what differs from it there; "" where there is none. StateError where that
    cannot be told."""
    try:
        return _code(directory)
    except OSError as error:
        raise StateError(
            f"{directory}: nobody can tell whether hosts have the same code: {error}",
            next_step="see what `git status` says there",
        ) from error


def differs(directory: str, commit: str, changes: str) -> str:
    """Why jobs of that code cannot run here; "" where they can."""
    if not Path(directory).is_dir():
        return f"it has no {directory}: the working directory must be there under the same path, on a shared folder or as a copy"
    try:
        commit_here, changes_here = _code(directory)
    except OSError as error:
        return f"whether its {directory} has the code of that of here, nobody can tell: {error}; see what `git status` says there"
    if commit_here != commit:
        names = [each[:12] or "no commit" for each in (commit_here, commit)]
        return f"its {directory} is at {names[0]}, and that of here at {names[1]}: `git pull` there, or check the same commit out"
    if changes_here != changes:
        return f"its {directory} has other uncommitted changes than that of here: commit them, and pull there"
    return ""


def _code(directory: str) -> tuple[str, str]:
    """OSError with the reason where it cannot be told. What git shows of a difference is not asked for: that is another text with
    another configuration or version."""
    found = checkout_of(directory)
    if found is None:
        return "", ""
    root, commit, _ = found
    names = names_that_differ(root)
    entries = b"".join(os.fsencode(name) + b"\0" + what_is_at(Path(root, name)).encode() + b"\0" for name in names)
    return commit, hashlib.sha256(entries).hexdigest() if names else ""


def what_is_at(path: Path) -> str:
    """What git would keep of it: its kind, and a digest of what is in it; "" where there is nothing."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if stat.S_ISREG(mode):
        return f"{'program' if mode & stat.S_IXUSR else 'file'} {_digest(path)}"
    if stat.S_ISLNK(mode):
        return f"link {hashlib.sha256(os.fsencode(path.readlink())).hexdigest()}"
    if stat.S_ISDIR(mode):  # a submodule, or what lies where a file was: then its scripts have names of their own
        return " ".join(("checkout", *_code(str(path)))) if (path / ".git").exists() else ""
    raise OSError(f"{path} is no file")


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
