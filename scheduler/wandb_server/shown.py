"""Images, histograms, tables and saved files of a run, kept beside the metric log of its attempt."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.tracking.appending import JsonLines
from scheduler.tracking.media_log import INDEX
from scheduler.wandb_server.folders import FILES, Folder
from scheduler.wandb_server.translate import Medium, media_in, media_row, table_row

LARGEST_TABLE = 8 << 20  # bytes


class Shown:
    """`directory`: that of the attempt; `place`: where in it the files go. What its index has already is not written again."""

    def __init__(self, folder: Folder, directory: Path, place: str = FILES) -> None:
        self._folder, self._directory, self._place = folder, directory, place
        self._index = JsonLines(directory / INDEX)
        self._there = _lines(directory / INDEX)
        self._awaited: list[Medium] = []  # their files are not there yet

    @property
    def awaits(self) -> bool:
        """Whether files are still to come."""
        return bool(self._awaited)

    def take(self, row: Mapping[str, Any]) -> None:
        self._awaited += media_in(row)

    def keep(self, *, anyhow: bool = False) -> None:
        """Write down what has its file; `anyhow`: nothing comes any more."""
        left = []
        for each in self._awaited:
            more = self._file_of(each)
            if more is not None:
                self._write(media_row(each, more))
            elif not anyhow:
                left.append(each)
        self._awaited = left

    def keep_files(self) -> None:
        """What was saved beside media, as files of the run."""
        root = self._folder.path / FILES
        for path in sorted(each for each in root.rglob("*") if each.is_file()):
            name = str(path.relative_to(root))
            if not name.startswith("media/") and not path.name.startswith("."):
                self._write({"name": name, "kind": "file", "file": self._linked(path, name)})

    def close(self) -> None:
        self._index.close()

    def _write(self, row: Mapping[str, Any]) -> None:
        line = json.dumps(row)
        if line not in self._there:
            self._index.append(row)
            self._there.add(line)

    def _file_of(self, medium: Medium) -> Mapping[str, Any] | None:
        if not medium.file:
            return {}
        path = self._folder.file(medium.file)
        if path is None or not path.is_file():
            return None
        if medium.kind == "table":
            return table_row(path.read_bytes()) if path.stat().st_size <= LARGEST_TABLE else {"columns": [], "rows": []}
        return {"file": self._linked(path, medium.file)}

    def _linked(self, path: Path, name: str) -> str:
        """The same file in the attempt's own directory, so that it stays when the run's folder goes."""
        own = f"{self._place}/{name}"
        target = self._directory / own
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            target.hardlink_to(path)
        return own


def _lines(path: Path) -> set[str]:
    with contextlib.suppress(FileNotFoundError):
        return set(path.read_text(encoding="utf-8", errors="replace").splitlines())
    return set()
