"""Of several logs of one kind, which is the trial's: what each has said of the metric, and how much that weighs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from scheduler.tracking.logged import NAMES, Gathering, Logged, flat
from scheduler.tracking.readers.event_files import EventFolder
from scheduler.tracking.readers.printed import PrintedRows
from scheduler.tracking.readers.rows import (
    Reader,
    Row,
    holds,
    number,
    said,
)
from scheduler.tracking.readers.unusable import Unusable, unusable


class Weight(NamedTuple):
    """Why one log counts before another, first reason first. All of it stands in the logs and their names: whoever reads them
    again, when everything is over, comes to the same choice."""

    own: bool  # the run that got the trial's WANDB_RUN_ID
    leads: bool  # rank 0 of a parallel training
    level: int  # event files: less for a folder further down, where a writer keeps its own parts
    since: float  # when its first number was logged: the last to log the metric counts, as a mean after its folds
    place: str


class Candidate:
    """One log, with its reader. Its rows are those that say something of the wanted metrics; without any, all that have a number,
    a truth value or a text. With `gather` everything that the reader brings is gathered as well."""

    def __init__(
        self,
        path: Path,
        reader: Reader,
        metrics: Sequence[str],
        *,
        own: bool = False,
        level: int = 0,
        gather: bool = False,
    ) -> None:
        self.path, self.reader, self._metrics = path, reader, metrics
        self._gathering, self._is_over = Gathering() if gather else None, False
        self._own, self._level = own, level
        self._since: float | None = None  # when its first number was logged; None: it had none
        self.mentions = False  # whether anything was said of the metric
        self.is_finite = False  # whether that was a finite number once
        self.unusable: Unusable | None = None  # the first that was said and is no finite number

    @property
    def weight(self) -> Weight | None:
        """None where it has no number."""
        if self._since is None and not self._has_number(Row(None, self.reader.summary)):
            return None
        return Weight(self._own, self.reader.leads, self._level, self._since or 0.0, _begun(self.path))

    @property
    def summary(self) -> Mapping[str, Any]:
        """The run's summary; empty where it does not hold a wanted metric."""
        return self.reader.summary if self._holds(Row(None, self.reader.summary)) else {}

    @property
    def files(self) -> list[Path]:
        return self.reader.files if isinstance(self.reader, EventFolder) else [self.path]

    def read(self) -> list[Row]:
        """The new rows."""
        return self._taken(self.reader.read())

    def finish(self, cut: bool) -> list[Row]:
        """The rest of them. `cut`: the writer was killed, perhaps amid a line; other kinds of logs show that themselves."""
        self._is_over = True
        return self._taken(self.reader.finish(cut) if isinstance(self.reader, PrintedRows) else self.reader.finish())

    def logged(self, source: str) -> Logged:
        """What was gathered by now. A run's own summary tells of what is in no row, and has the last word when it is over."""
        found = self._gathering.logged(source) if self._gathering else Logged(source)
        told = dict(flat(self.reader.summary))
        last = {**found.last, **told} if self._is_over else {**told, **found.last}
        return replace(found, last=dict(islice(last.items(), NAMES)))

    def _taken(self, rows: list[Row]) -> list[Row]:
        if self._gathering:
            self._gathering.take(rows)
        found = [row for row in rows if self._holds(row)]
        if not self.is_finite:
            for row in [*found, Row(None, self.summary)]:
                self._note(row)
        if self._since is None and (first := next(filter(self._has_number, found), None)):
            self._since = first.time if isinstance(first.time, (int, float)) else 0.0
        return found

    def _note(self, row: Row) -> None:
        values = said(row, self._metrics) if self._metrics else [value for _, value in flat(row.values)]
        odd = [unusable(value) for value in values]
        self.mentions |= bool(values)
        self.is_finite |= None in odd
        self.unusable = self.unusable or next(filter(None, odd), None)

    def _holds(self, row: Row) -> bool:
        return holds(row, self._metrics) if self._metrics else any(True for _ in flat(row.values))

    def _has_number(self, row: Row) -> bool:
        if not self._metrics:
            return any(not isinstance(value, (bool, str)) for _, value in flat(row.values))
        return any(number(row, name) is not None for name in self._metrics)


def weightiest(candidates: Iterable[Candidate]) -> Candidate | None:
    """The log that counts: of those with a number the weightiest, else the first that says anything of the metric."""
    everyone = [each for each in candidates if each.mentions]
    weighed = [(each.weight, each) for each in everyone if each.weight]
    return max(weighed, key=lambda pair: pair[0])[1] if weighed else next(iter(everyone), None)


def _begun(path: Path) -> str:
    """What sorts W&B's runs by their beginning: TIME-ID of `offline-run-TIME-ID/run-ID.wandb`."""
    return path.parent.name.partition("run-")[2] or str(path)
