"""One kind of log of an attempt: the logs of that kind that there are, and the one of them that counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from scheduler.tracking.logged import Logged
from scheduler.tracking.metric_log import MetricRows, Objective
from scheduler.tracking.plain import flattened
from scheduler.tracking.readers.candidates import Candidate, weightiest
from scheduler.tracking.readers.parts import Part, together
from scheduler.tracking.readers.printed import PrintedRows, names_printed, names_written_otherwise
from scheduler.tracking.readers.printed_values import NearMiss
from scheduler.tracking.readers.ranks import says_a_rank
from scheduler.tracking.readers.rows import Reader, Row
from scheduler.tracking.readers.wandb_log import LATE_CLIENT, WandbLog

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
        return {name for log in self._logs.values() for name in self._names(log)}

    def notices(self) -> list[str]:
        """What the user should know of this kind of log, as texts that are the same for every trial."""
        if self._logs and self._obstacle():
            return [self._obstacle()]
        readers = [log.reader for log in self._logs.values() if isinstance(log.reader, WandbLog)]
        return [LATE_CLIENT.format(version=reader.client) for reader in readers if reader.writes_blocks]

    def near_misses(self) -> list[NearMiss]:
        """What was printed like a wanted metric and not read; where no row was found, also what is only named otherwise."""
        printed = [log.reader for log in self._logs.values() if isinstance(log.reader, PrintedRows)]
        found = [miss for reader in printed for miss in reader.near.values()]
        if self._one or found:
            return found
        return [miss for reader in printed for miss in names_written_otherwise(reader.path, self._metrics)]

    def _names(self, log: Candidate) -> Iterable[str]:
        if isinstance(log.reader, PrintedRows):
            return names_printed(log.path)
        rows = self._reader(log.path, ()).read()
        return [name for row in rows for name, _ in flattened(row.values) if not name.startswith("_")]

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
