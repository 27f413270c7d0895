"""What a run tells, written as the logs of an attempt: its rows, its output, what it shows and what it has saved."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scheduler.launcher.files import METRICS, SYSTEM
from scheduler.tracking.appending import JsonLines
from scheduler.wandb_server.folders import FILES, Folder
from scheduler.wandb_server.posts import News
from scheduler.wandb_server.translate import Medium, media_in, media_row, metric_row, system_row, table_row

LARGEST_TABLE = 8 << 20  # bytes


class Written:
    """`directory`: that of the attempt; `tell` gets each line that the run prints."""

    def __init__(self, folder: Folder, directory: Path, tell: Callable[[str], object]) -> None:
        self._folder, self._directory, self._tell = folder, directory, tell
        self._metrics, self._system = JsonLines(directory / METRICS), JsonLines(directory / SYSTEM)
        self._media = JsonLines(directory / "media.jsonl")
        self._awaited: list[Medium] = []  # their files are not there yet
        self._last: dict[str, Any] = {}  # the last value of every metric

    @property
    def awaits(self) -> bool:
        """Whether files are still to come."""
        return bool(self._awaited)

    def take(self, news: News) -> None:
        for row in news.rows:
            if found := metric_row(row):
                self._metrics.append(found)
                self._last.update(found)
            self._awaited += media_in(row)
        for event in news.events:
            if measured := system_row(event):
                self._system.append(measured)
        for line in news.output:
            self._tell(line)

    def keep_media(self, *, anyhow: bool = False) -> None:
        """Write down what has its file; `anyhow`: nothing comes any more."""
        left = []
        for each in self._awaited:
            more = self._file_of(each)
            if more is not None:
                self._media.append(media_row(each, more))
            elif not anyhow:
                left.append(each)
        self._awaited = left

    def close(self, summary: Mapping[str, Any]) -> None:
        """The run is over, and this is its summary."""
        self.keep_media(anyhow=True)
        self._keep_files()
        if words := _last_words(summary, self._last):
            self._metrics.append(words)
        for log in (self._metrics, self._system, self._media):
            log.close()

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
        own = f"{FILES}/{name}"
        target = self._directory / own
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            target.hardlink_to(path)
        return own

    def _keep_files(self) -> None:
        """What was saved beside media, as files of the run."""
        root = self._folder.path / FILES
        for path in sorted(each for each in root.rglob("*") if each.is_file()):
            name = str(path.relative_to(root))
            if not name.startswith("media/") and not path.name.startswith("."):
                self._media.append({"name": name, "kind": "file", "file": self._linked(path, name)})


def _last_words(summary: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    """What the summary says beyond the last rows. A value that was logged is no further row, for rows are counted, and
    `{"min": 0.25}` of a metric that was defined so is no value.

    >>> _last_words({"loss": 0.5, "best": 0.25, "_step": 3, "acc": {"max": 1}}, {"loss": 0.5})
    {'best': 0.25}
    """
    new = {name: value for name, value in summary.items() if name not in last and not name.startswith("_")}
    return {name: value for name, value in new.items() if isinstance(value, (int, float, str))}
