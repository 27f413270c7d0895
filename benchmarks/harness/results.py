"""What was measured, as JSON: with the commit, the date and the machine."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.harness.checkouts import ROOT

FOLDER = ROOT / "benchmarks/results"  # git ignores it
LAST = "last"
VERSION = 1
STAMP = ("version", "commit", "changed", "date")
RUN = ("quick", "repeat", "against", "machine", "meanwhile")
FOUND = ("figures", "verdicts", "missing", "broken", "not_compared", "interrupted")
KEYS = {*STAMP, *RUN, *FOUND}  # of what a run keeps


class NoResult(Exception):
    """Says what to do instead."""


class NoPlace(Exception):
    """Nothing can be kept there; says what to do instead."""


class NotKept(Exception):
    """It was measured, but could not be written where it was to be; says where it is now."""


def stamp() -> dict[str, Any]:
    """The version of this form, the commit of this checkout (empty where there is no git), whether its files were changed since,
    and the time."""
    commit, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"version": VERSION, "commit": commit, "changed": bool(changes), "date": now}


def _git(*words: str) -> str:
    if not shutil.which("git"):
        return ""
    line = ["git", "-C", str(ROOT), "--no-optional-locks", *words]
    found = subprocess.run(line, capture_output=True, text=True, check=False)
    return "" if found.returncode else found.stdout.strip()


def ready(out: Path | None) -> None:
    """Raises NoPlace where `kept` could not write. Its folder is there afterwards; a file that is there stays as it is."""
    path = (out or FOLDER / "try.json").resolve()  # what a link leads to, not the link, is made and taken away
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists():
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            path.unlink()
    except OSError as error:
        what = f"--out {out}" if out else str(FOLDER)
        raise NoPlace(f"{what}: {error.strerror}; give a file that can be written, as --out FILE") from None


def kept(document: Mapping[str, Any], out: Path | None) -> Path:
    """Where it was written: in a file of its own in the folder of results, if nowhere else. Raises NotKept."""
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    path = out or FOLDER / f"{document['date'].replace(':', '-')}_{document['commit'][:12] or 'unknown'}.json"
    try:
        return _written(path, text)
    except OSError as error:
        why = f"it could not be kept in {path}: {error.strerror}"
    raise NotKept(f"{why}; {_elsewhere(text)}")


def _elsewhere(text: str) -> str:
    try:
        descriptor, name = tempfile.mkstemp(prefix="benchmarks-", suffix=".json")
        os.close(descriptor)
        return f"it is in {_written(Path(name), text)}"
    except OSError as error:
        return f"nor in {tempfile.gettempdir()}: {error.strerror}; what is printed is all there is"


def _written(path: Path, text: str) -> Path:
    """Half of it is not left behind: it would be taken for the newest result."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        with contextlib.suppress(OSError):
            if path.is_file():
                path.unlink()
        raise
    return path


def opened(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """A result that was kept; "last" is the newest. NaN, which earlier ones have for a ratio to nothing, is None."""
    path = Path(name)
    if name == LAST:
        if not (there := sorted(folder.glob("*.json"))):
            raise NoResult(f"--from last: {folder} has no results yet; run python -m benchmarks first")
        path = there[-1]
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
        if not isinstance(found, dict) or found.get("version") != VERSION or not set(found) >= KEYS:
            raise ValueError("it is JSON of something else")
    except (OSError, ValueError) as error:
        raise NoResult(f"--from {name}: {error}; give a file that python -m benchmarks has written") from None
    return found
