"""The kinds of places from which rows can be read, in the order in which they are asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking.logged import Logged
from scheduler.tracking.metric_log import MetricRows, Objective
from scheduler.tracking.readers import event_files
from scheduler.tracking.readers.candidates import Candidate, weightiest
from scheduler.tracking.readers.event_files import EventFolder
from scheduler.tracking.readers.parts import Part, together
from scheduler.tracking.readers.places import event_folders, swanlab_logs, transaction_logs
from scheduler.tracking.readers.printed import PrintedRows, names_printed, names_written_otherwise
from scheduler.tracking.readers.printed_values import NearMiss
from scheduler.tracking.readers.ranks import says_a_rank
from scheduler.tracking.readers.rows import Reader, Row
from scheduler.tracking.readers.swanlab_log import SwanlabLog
from scheduler.tracking.readers.wandb_log import WandbLog

METRIC_LOG, WANDB, TENSORBOARD, SWANLAB, OUTPUT = "metric log", "W&B log", "TensorBoard", "SwanLab log", "output"
ORDER = (METRIC_LOG, WANDB, TENSORBOARD, SWANLAB, OUTPUT)
LATE_CLIENT = (
    "wandb {version} writes what a run logs in blocks of 32 KiB: trials are read at their end, and stopped early only "
    "when a block is full; `pip install -U wandb` (0.31 or later) in the scripts' environment makes their rows visible at once"
)

Find = Callable[[], Iterable[Path]]
Open = Callable[[Path, Sequence[str]], Reader]
Obstacle = Callable[[], str]  # why logs that are there cannot be read; "" where they can


class Source:
    """One kind of log. Of several logs of that kind one counts, so that no row counts twice; another may turn out to be it. Where
    they are `parts` of one run what stands beside the metric is gathered of all of them, and without a metric all rows count; of
    a name in `plain` that several have, that of the weightiest.

    `level` and `is_own` say of a log's path what counts in `candidates.Weight`; `gather` as for a `Candidate`.
    """

    def __init__(
        self,
        name: str,
        find: Find,
        reader: Open,
        metrics: Sequence[str],
        *,
        obstacle: Obstacle = lambda: "",
        is_own: Callable[[Path], bool] = lambda path: False,
        level: Callable[[Path], int] = lambda path: 0,
        gather: bool = False,
        parts: bool = False,
        plain: Sequence[str] = (),
    ) -> None:
        self.name, self._find, self._reader, self._metrics, self._obstacle = name, find, reader, metrics, obstacle
        self._is_own, self._level, self._gather = is_own, level, gather
        self._parts, self._plain = parts, frozenset([*metrics, *plain])
        self._logs: dict[str, Candidate] = {}  # by their real paths: a folder may be reached by two
        self._one: Candidate | None = None
        self.anew = False  # whether the rows of the last call are all that count, since they are those of another log

    @property
    def exists(self) -> bool:
        """Whether there is a log of this kind that can be read."""
        return bool(self._logs) and not self._obstacle()

    @property
    def behind(self) -> bool:
        return any(log.reader.behind for log in self._logs.values())

    @property
    def extent(self) -> tuple[int, int]:
        """How many bytes of these logs are taken in, and how many there are."""
        extents = [log.reader.extent for log in self._logs.values()]
        return sum(taken for taken, _ in extents), sum(there for _, there in extents)

    @property
    def one(self) -> Candidate | None:
        """The log that counts; None where none says anything of the metric."""
        return self._one

    @property
    def has_number(self) -> bool:
        return self._one is not None and self._one.weight is not None

    @property
    def logs(self) -> list[Candidate]:
        return list(self._logs.values())

    @property
    def objective(self) -> Objective | None:
        """The one that a metric log has declared."""
        readers = (log.reader for log in self._logs.values())
        return next((reader.objective for reader in readers if isinstance(reader, MetricRows) and reader.objective), None)

    def logged(self) -> Logged:
        """All that was gathered from the log that counts; where none says anything of the metric, from the first that has
        anything."""
        if self._parts:
            return self._together()
        if self._one:
            return self._one.logged(self.name)
        return next((found for log in self._logs.values() if (found := log.logged(self.name)).last), Logged())

    def files(self) -> list[Path]:
        """The files whose growth may bring rows."""
        return [file for log in self._logs.values() for file in log.files]

    def look(self) -> None:
        """Look for logs that appeared."""
        self.add(self._find())

    def add(self, paths: Iterable[Path]) -> None:
        """Logs of this kind that were found elsewhere."""
        for path in paths:
            real = os.path.realpath(path)
            if real not in self._logs:
                self._logs[real] = self._open(path)

    def forget(self) -> None:
        """Read everything anew, since what was read did not count."""
        self._logs, self._one = {real: self._open(log.path) for real, log in self._logs.items()}, None

    def read(self) -> list[Row]:
        """The new rows that say anything of a wanted metric."""
        return self._take(Candidate.read)

    def finish(self, cut: bool = False) -> list[Row]:
        """The rest of them. `cut`: the writer was killed, perhaps amid a line."""
        return self._take(lambda log: log.finish(cut))

    def speaks(self) -> bool:
        """Whether the beginning of a log has a number for the metric."""
        self.look()
        logs = [self._open(log.path) for log in self._logs.values()]
        return self.exists and any(log.read() and log.weight for log in logs)

    def names(self) -> set[str]:
        """The names in the first rows of these logs, nested ones with dots."""
        paths = [log.path for log in self._logs.values()]
        if self.name == OUTPUT:
            return {name for path in paths for name in names_printed(path)}
        rows = (row for path in paths for row in self._reader(path, ()).read())
        return {name for row in rows for name in _flat(row.values) if not name.startswith("_")}

    def notices(self) -> list[str]:
        """What the user should know of this kind of log, as texts that are the same for every trial."""
        if self._logs and self._obstacle():
            return [self._obstacle()]
        clients = [log.reader.client for log in self._logs.values() if isinstance(log.reader, WandbLog)]
        return [LATE_CLIENT.format(version=version) for version in clients if _writes_blocks(version)]

    def near_misses(self) -> list[NearMiss]:
        """What was printed like a wanted metric and not read; where no row was found, also what is only named otherwise."""
        printed = [log.reader for log in self._logs.values() if isinstance(log.reader, PrintedRows)]
        found = [miss for reader in printed for miss in reader.near.values()]
        if self._one or found:
            return found
        return [miss for reader in printed for miss in names_written_otherwise(reader.path, self._metrics)]

    def _open(self, path: Path) -> Candidate:
        reader = self._reader(path, self._metrics)
        own, level = self._is_own(path), self._level(path)
        return Candidate(path, reader, self._metrics, own=own, level=level, gather=self._gather)

    def _take(self, take: Callable[[Candidate], list[Row]]) -> list[Row]:
        before, known = self._one, [log for log in self._logs.values() if log.weight]
        found = [(log, take(log)) for log in self._logs.values()]
        self._one = weightiest(self._logs.values())
        if self._parts and not self._metrics:
            return [row for _, rows in found for row in rows]
        self.anew = before is not None and self._one is not before
        if self._one and self.anew and self._one in known:
            return self._from_its_beginning(self._one, take)
        return next((rows for log, rows in found if log is self._one), [])

    def _together(self) -> Logged:
        """Of a parallel training whose folders say it, those of rank 0 alone."""
        logs = sorted(self._logs.values(), key=lambda log: (log.weight is not None, log.weight or ()), reverse=True)
        leads = any(log.reader.leads for log in logs)
        mine = [log for log in logs if log.reader.leads or not (leads and says_a_rank(log.path.name))]
        parts = [Part(log.path, log.logged(self.name)) for log in mine]
        return together([part for part in parts if part.logged.last], self._plain)

    def _from_its_beginning(self, log: Candidate, take: Callable[[Candidate], list[Row]]) -> list[Row]:
        """All rows of a log whose first ones were passed over."""
        self._one = self._logs[os.path.realpath(log.path)] = self._open(log.path)
        rows = take(self._one)
        while self._one.reader.behind:
            rows += take(self._one)
        return rows


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
    run_id: str,
    *,
    gather: bool = False,
    judged_by: Sequence[str] = (),
) -> list[Source]:
    """Every kind, in ORDER. `is_own` says of event files that lie beside others whether they are this run's; `run_id` is the
    trial's WANDB_RUN_ID, "" where it has none. `gather`: all rows are read, whatever the names, and gathered; then `judged_by`
    are names that somebody will ask for."""
    everything = gather or not names

    def metric_log(path: Path, wanted: Sequence[str]) -> MetricRows:
        return MetricRows(path, () if everything else wanted)

    def wandb_log(path: Path, wanted: Sequence[str]) -> WandbLog:
        return WandbLog(path, () if everything else wanted)

    def event_folder(path: Path, wanted: Sequence[str]) -> EventFolder:
        return EventFolder(path, [*wanted, *judged_by], is_own, everything=everything)

    def swanlab_log(path: Path, wanted: Sequence[str]) -> SwanlabLog:
        return SwanlabLog(path, () if everything else wanted)

    def output(path: Path, wanted: Sequence[str]) -> PrintedRows:
        return PrintedRows(path, wanted, everything=everything)

    def of_trial(path: Path) -> bool:
        return path.name == f"run-{run_id}.wandb"

    def level(path: Path) -> int:
        return -len(path.parts)

    def source(name: str, find: Find, reader: Open, **how: Any) -> Source:
        return Source(name, find, reader, names, gather=gather, **how)

    return [
        source(METRIC_LOG, lambda: [metrics_file] if metrics_file.is_file() else [], metric_log),
        source(WANDB, lambda: transaction_logs(wandb_directory), wandb_log, is_own=of_trial),
        source(
            *(TENSORBOARD, lambda: event_folders(run_directory), event_folder),
            obstacle=event_files.obstacle,
            level=level,
            parts=True,
            plain=judged_by,
        ),
        source(SWANLAB, lambda: swanlab_logs(run_directory), swanlab_log),
        source(OUTPUT, lambda: [log] if log.is_file() else [], output),
    ]
