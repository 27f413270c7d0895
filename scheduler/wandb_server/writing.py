"""What a run tells, written as the logs of an attempt: its rows, its output, what it shows and what it has saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scheduler.attempt_files import METRICS, SYSTEM
from scheduler.tracking.appending import JsonLines
from scheduler.wandb_server.folders import Folder
from scheduler.wandb_server.posts import News
from scheduler.wandb_server.shown import Shown
from scheduler.wandb_server.translate import metric_row, system_row


class Written:
    """`directory`: that of the attempt; `tell` gets each line that the run prints."""

    def __init__(self, folder: Folder, directory: Path, tell: Callable[[str], object]) -> None:
        self._tell, self._shown = tell, Shown(folder, directory)
        self._metrics, self._system = JsonLines(directory / METRICS), JsonLines(directory / SYSTEM)
        self._last: dict[str, Any] = {}  # the last value of every metric

    @property
    def awaits(self) -> bool:
        """Whether files are still to come."""
        return self._shown.awaits

    def take(self, news: News) -> None:
        for row in news.rows:
            if found := metric_row(row):
                self._metrics.append(found)
                self._last.update(found)
            self._shown.take(row)
        for event in news.events:
            if measured := system_row(event):
                self._system.append(measured)
        for line in news.output:
            self._tell(line)

    def keep_media(self, *, anyhow: bool = False) -> None:
        """Write down what has its file; `anyhow`: nothing comes any more."""
        self._shown.keep(anyhow=anyhow)

    def close(self, summary: Mapping[str, Any]) -> None:
        """The run is over, and this is its summary."""
        self.keep_media(anyhow=True)
        self._shown.keep_files()
        if words := _last_words(summary, self._last):
            self._metrics.append(words)
        for log in (self._metrics, self._system, self._shown):
            log.close()


def _last_words(summary: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
    """What the summary says beyond the last rows. A value that was logged is no further row, for rows are counted, and
    `{"min": 0.25}` of a metric that was defined so is no value.

    >>> _last_words({"loss": 0.5, "best": 0.25, "_step": 3, "acc": {"max": 1}}, {"loss": 0.5})
    {'best': 0.25}
    """
    new = {name: value for name, value in summary.items() if name not in last and not name.startswith("_")}
    return {name: value for name, value in new.items() if isinstance(value, (int, float, str))}
