"""The metric log: one JSON object per line, appended while an attempt runs.

A row is `{"_step": 7, "_time": 1700000000.0, "val_cer": 0.12}`; names that begin with `_` are ours, all others are metrics.
The first row may declare `_config` and `_objective`: `{"_objective": {"name": "val_cer", "goal": "minimize"}}`.
NaN and infinities are written as Python's json writes them (`NaN`, `Infinity`), because a diverged value is a result too.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduler.shortage import is_short
from scheduler.tracking.readers.appended import PIECE, Appended, FileReader, opened
from scheduler.tracking.readers.rows import Row, mention, number

GOALS = ("minimize", "maximize")


@dataclass(frozen=True)
class Objective:
    """The metric that ranks experiments, and whether small or large values are better."""

    name: str
    goal: str

    def __post_init__(self) -> None:
        if self.goal not in GOALS:
            raise ValueError(f'the goal of "{self.name}" is "minimize" or "maximize", not {self.goal!r}')

    def rank(self, value: float | None) -> float:
        """A sort key: lower is better; what is missing, NaN or infinite is last, whatever the goal."""
        if value is None or not math.isfinite(value):
            return math.inf
        return value if self.goal == "minimize" else -value


@dataclass(frozen=True)
class Outcome:
    """What a metric log says in the end: the last value of every metric, the objective if one was declared."""

    last: Mapping[str, Any] = field(default_factory=dict)
    objective: Objective | None = None
    rows: int = 0

    @property
    def objective_value(self) -> float | None:
        """Its value in the last row that has it; None where that is no number, or none that a float could be."""
        return number(Row(None, self.last), self.objective.name) if self.objective else None


class MetricLog:
    """Appends rows to a file. Every row is one write, so a reader never sees half of one that has a newline."""

    def __init__(self, path: Path, *, config: Mapping[str, Any] | None = None, objective: Objective | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        head: dict[str, Any] = {"_config": dict(config or {})}
        if objective:
            head["_objective"] = {"name": objective.name, "goal": objective.goal}
        self._append(head)

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        """Append one row of metrics."""
        clock = {"_time": round(time.time(), 3)}
        self._append({**({} if step is None else {"_step": step}), **clock, **values})

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        """Append predictions to `predictions.jsonl` beside the log; the images are for trackers that can show them."""
        with (self.path.parent / "predictions.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"_step": step, **row}) + "\n" for row in rows)

    def finish(self) -> None:
        os.close(self._fd)

    def _append(self, row: Mapping[str, Any]) -> None:
        os.write(self._fd, (json.dumps(row) + "\n").encode())


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a metric log, in order. A line that is not whole yet, or is no JSON object, is passed over.

    A missing file has no rows: a program of any language may choose not to write one. Nor has what is no file.
    """
    try:
        file = opened(path)
    except OSError as error:
        if is_short(error):
            raise
        return
    with file:
        for line in file:
            row = parsed(line) if line.endswith(b"\n") else None
            if row is not None:
                yield row


class MetricRows(FileReader):
    """Reads the rows of a metric log while it grows: those that hold metrics, with the names that begin with `_` left out.

    With `wanted` names, rows that cannot hold one of them are not parsed. `objective` is the one that was declared last in those
    that are.
    """

    def __init__(self, path: Path, wanted: Sequence[str] = ()) -> None:
        super().__init__(Appended(path))
        self._may_hold = mention(wanted)
        self.objective: Objective | None = None

    def read(self) -> list[Row]:
        """The rows whose lines ended since the last call. A line of more than 256 KiB is no row."""
        data = self._file.look()
        whole = data.rfind(b"\n") + 1
        self._file.offset += whole or (len(data) if len(data) == PIECE else 0)
        return self._rows(data[:whole].split(b"\n"))

    def finish(self) -> list[Row]:
        """The rest; a last line without its newline counts if it is a whole row."""
        found = self.read()
        while self.behind:
            found += self.read()
        data = self._file.look()
        self._file.offset += len(data)
        return found + self._rows([data])

    def _rows(self, lines: list[bytes]) -> list[Row]:
        for line in lines:
            if b'"_objective"' in line and (row := parsed(line)):
                self.objective = objective_of(row) or self.objective
        return parsed_rows(line for line in lines if self._may_hold(line))


def parsed_rows(lines: Iterable[bytes]) -> list[Row]:
    """The rows with metrics among whole lines of a metric log."""
    return [_row(each, metrics) for line in lines if (each := parsed(line)) and (metrics := metrics_of(each))]


def _row(logged: Mapping[str, Any], metrics: Mapping[str, Any]) -> Row:
    step, time = logged.get("_step"), logged.get("_time")
    return Row(step if isinstance(step, int) else None, metrics, time if isinstance(time, float) else None)


def metrics_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without the names that are ours."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def parsed(line: bytes) -> dict[str, Any] | None:
    """The row of a line, or None where it is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def objective_of(row: Mapping[str, Any]) -> Objective | None:
    """The objective that a row declares."""
    declared = row.get("_objective")
    if not isinstance(declared, dict) or declared.get("goal") not in GOALS:
        return None
    return Objective(str(declared.get("name")), declared["goal"])
