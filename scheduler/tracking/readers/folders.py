"""Lists folders that others change meanwhile: a training renames its checkpoints' folders while we look for logs in them."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path


def files_in(folder: Path, pattern: str) -> list[Path]:
    """The regular files in `folder` whose names match, sorted by name; none where it cannot be listed (any more)."""
    return [folder / entry.name for entry in _entries(folder) if fnmatchcase(entry.name, pattern) and entry.is_file()]


def folders_in(folder: Path, pattern: str = "*") -> list[Path]:
    """The folders in `folder` whose names match, links left out, sorted by name."""
    entries = _entries(folder)
    return [folder / each.name for each in entries if fnmatchcase(each.name, pattern) and each.is_dir(follow_symlinks=False)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
