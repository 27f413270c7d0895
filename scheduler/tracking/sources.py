"""The kinds of places from which rows can be read, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking import event_files
from scheduler.tracking.event_files import EventFolder
from scheduler.tracking.metric_log import MetricRows
from scheduler.tracking.places import event_folders, transaction_logs
from scheduler.tracking.printed import PrintedRows, names_printed, names_written_otherwise
from scheduler.tracking.printed_values import NearMiss
from scheduler.tracking.rows import Reader, Row, holds
from scheduler.tracking.wandb_log import WandbLog

METRIC_LOG, WANDB, TENSORBOARD, OUTPUT = "metric log", "W&B log", "TensorBoard", "output"
ORDER = (METRIC_LOG, WANDB, TENSORBOARD, OUTPUT)
LATE_CLIENT = (
    "wandb {version} writes what a run logs in blocks of 32 KiB: trials are read at their end, and stopped early only "
    "when a block is full; `pip install -U wandb` (0.31 or later) in the scripts' environment makes their rows visible at once"
)

Find = Callable[[], Iterable[Path]]
Open = Callable[[Path, Sequence[str]], Reader]
Obstacle = Callable[[], str]  # why logs that are there cannot be read; "" where they can


class Source:
    """One kind of log. Of several logs of that kind the first with a wanted metric counts, so that no row counts twice."""

    def __init__(self, name: str, find: Find, reader: Open, metrics: Sequence[str], obstacle: Obstacle = lambda: "") -> None:
        self.name, self._find, self._reader, self._metrics, self._obstacle = name, find, reader, metrics, obstacle
        self._logs: dict[Path, Reader] = {}
        self._one: Reader | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a log of this kind that can be read."""
        return bool(self._logs) and not self._obstacle()

    @property
    def behind(self) -> bool:
        return any(reader.behind for reader in self._counting())

    @property
    def summary(self) -> Mapping[str, Any]:
        """The summary of the run that counts; empty where it does not hold a wanted metric."""
        summaries = (reader.summary for reader in self._counting())
        return next((summary for summary in summaries if holds(Row(None, summary), self._metrics)), {})

    @property
    def exit_code(self) -> int | None:
        return next((reader.exit_code for reader in self._counting() if reader.exit_code is not None), None)

    def files(self) -> list[Path]:
        """The files whose growth may bring rows."""
        return [file for path, log in self._logs.items() for file in (log.files if isinstance(log, EventFolder) else [path])]

    def look(self) -> None:
        """Look for logs that appeared."""
        self.add(self._find())

    def add(self, paths: Iterable[Path]) -> None:
        """Logs of this kind that were found elsewhere."""
        if self._one is None:
            for path in paths:
                self._logs.setdefault(path, self._reader(path, self._metrics))

    def forget(self) -> None:
        """Read everything anew, since what was read did not count."""
        self._logs, self._one = {path: self._reader(path, self._metrics) for path in self._logs}, None

    def read(self) -> list[Row]:
        """The new rows that hold a wanted metric."""
        return self._first(lambda reader: reader.read())

    def finish(self, cut: bool = False) -> list[Row]:
        """The rest of them. `cut`: the writer was killed, perhaps amid a line; the other kinds of logs show that themselves."""
        return self._first(lambda reader: reader.finish(cut) if isinstance(reader, PrintedRows) else reader.finish())

    def names(self) -> set[str]:
        """The names in the first rows of these logs, nested ones with dots."""
        if self.name == OUTPUT:
            return {name for path in self._logs for name in names_printed(path)}
        rows = (row for path in self._logs for row in self._reader(path, ()).read())
        return {name for row in rows for name in _flat(row.values) if not name.startswith("_")}

    def notices(self) -> list[str]:
        """What the user should know of this kind of log, as texts that are the same for every trial."""
        if self._logs and self._obstacle():
            return [self._obstacle()]
        clients = [reader.client for reader in self._counting() if isinstance(reader, WandbLog)]
        return [LATE_CLIENT.format(version=version) for version in clients if _writes_blocks(version)]

    def near_misses(self) -> list[NearMiss]:
        """What was printed like a wanted metric and not read; where no row was found, also what is only named otherwise."""
        printed = [reader for reader in self._counting() if isinstance(reader, PrintedRows)]
        found = [miss for reader in printed for miss in reader.near.values()]
        if self._one or found:
            return found
        return [miss for reader in printed for miss in names_written_otherwise(reader.path, self._metrics)]

    def _counting(self) -> list[Reader]:
        return [self._one] if self._one else list(self._logs.values())

    def _first(self, take: Callable[[Reader], list[Row]]) -> list[Row]:
        for reader in self._counting():
            rows = [row for row in take(reader) if holds(row, self._metrics)]
            if rows:
                self._one = reader
                return rows
        return []


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """
    >>> list(_flat({"a": {"b": 1, "c": {"d": 2}}, "e": 3}))
    ['a.b', 'a.c.d', 'e']
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name


def _writes_blocks(version: str) -> bool:
    """Whether a W&B client of this version, 0.18 to 0.30, shows rows only in blocks.

    >>> [_writes_blocks(version) for version in ("", "0.17.9", "0.18.0", "0.30.1", "0.31.0", "1.0.0", "0.dev")]
    [False, False, True, True, False, False, False]
    """
    parts = version.split(".")
    return len(parts) > 1 and parts[0] == "0" and parts[1].isdecimal() and 18 <= int(parts[1]) <= 30


def sources(
    run_directory: Path,
    log: Path,
    metrics_file: Path,
    wandb_directory: Path,
    names: Sequence[str],
    is_own: Callable[[Path], bool],
) -> list[Source]:
    """Every kind, in ORDER. `is_own` says of event files that lie beside others whether they are this run's."""

    def event_folder(path: Path, wanted: Sequence[str]) -> EventFolder:
        return EventFolder(path, wanted, is_own)

    return [
        Source(METRIC_LOG, lambda: [metrics_file] if metrics_file.is_file() else [], MetricRows, names),
        Source(WANDB, lambda: transaction_logs(wandb_directory), WandbLog, names),
        Source(TENSORBOARD, lambda: event_folders(run_directory), event_folder, names, event_files.obstacle),
        Source(OUTPUT, lambda: [log] if log.is_file() else [], PrintedRows, names),
    ]
