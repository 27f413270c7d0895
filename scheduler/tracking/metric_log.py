"""The metric log: one JSON object per line, appended while an attempt runs.

A row is `{"_step": 7, "_time": 1700000000.0, "val_cer": 0.12}`; names that begin with `_` are ours, all others are metrics.
The first row may declare `_config`, `_objective` and `_run`: `{"_objective": {"name": "val_cer", "goal": "minimize"}}`; later
rows with `_config` add to it.
NaN and infinities are written as Python's json writes them (`NaN`, `Infinity`), because a diverged value is a result too.
"""

from __future__ import annotations

import io
import json
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from scheduler.goals import GOALS, MINIMIZE
from scheduler.shortage import is_short
from scheduler.tracking.appending import JsonLines
from scheduler.tracking.readers.appended import PIECE, Appended, FileReader, opened
from scheduler.tracking.readers.rows import Row, mention, number
from scheduler.values import dataclass

LOOKED_AT = 1 << 26  # bytes
# A number that no JSON has, as C, Rust or Julia print it, where JSON has a value.
_ODD = re.compile(rb"(?<=[:\[,\s])([+-]?)\b(nan|inf(?:inity)?)(?=\s*[,\]}])", re.IGNORECASE)


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
        return value if self.goal == MINIMIZE else -value


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

    def __init__(self, path: Path, *, objective: Objective | None = None, about: Mapping[str, Any] | None = None) -> None:
        """`about`: what else is known of the run (its name, notes, ...), for `_run` in the first row."""
        self.path = path
        self._lines, self._predictions = JsonLines(path), JsonLines(path.parent / "predictions.jsonl")
        head = {"_run": dict(about)} if about else {}
        if objective:
            head["_objective"] = {"name": objective.name, "goal": objective.goal}
        self._owed: dict[str, Any] = head  # what is not written yet, and without which the rest says less

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        """Append one row of metrics."""
        clock = {"_time": round(time.time(), 3)}
        self._append({**({} if step is None else {"_step": step}), **clock, **values})

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        """Append predictions to `predictions.jsonl` beside the log; the images lie elsewhere."""
        for row in rows:
            self._predictions.append({"_step": step, **row})

    def show(self, name: str, media: Any, step: int | None) -> None:
        """It lies beside this log."""

    def configure(self, values: Mapping[str, Any]) -> None:
        """Append a row that declares more of the configuration."""
        self._owed["_config"] = {**self._owed.get("_config", {}), **values}
        self._append({})

    def summarize(self, values: Mapping[str, Any]) -> None:
        """Append final values as a row: the last value of a name is its final one."""
        self.log(values, None)

    def keep(self, path: Path, name: str) -> None:
        """It lies beside this log."""

    def finish(self) -> None:
        """Close the files."""
        self._lines.close()
        self._predictions.close()

    def _append(self, row: Mapping[str, Any]) -> None:
        if self._owed:
            self._lines.append(self._owed)
            self._owed = {}
        if row:
            self._lines.append(row)


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
    at = time if isinstance(time, (int, float)) and not isinstance(time, bool) else None
    return Row(step if isinstance(step, int) else None, metrics, at)


def metrics_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without the names that are ours."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def parsed(line: bytes) -> dict[str, Any] | None:
    """The row of a line, or None where it is none. NaN and infinities may also be written as other languages print them.

    >>> parsed(b'{"loss": -nan, "grad": [inf, -Inf]}'), parsed(b'{"loss": 1'), parsed(b"7")
    ({'loss': nan, 'grad': [inf, -inf]}, None, None)
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        mended = _ODD.sub(_as_python_has_it, line)
        return parsed(mended) if mended != line else None
    return row if isinstance(row, dict) else None


def _as_python_has_it(found: re.Match[bytes]) -> bytes:
    sign = b"-" if found[1] == b"-" else b""
    return b"NaN" if found[2].lower() == b"nan" else sign + b"Infinity"


@dataclass(frozen=True)
class Unread:
    """So many lines of a log are no rows, and which is the first of them, counted from 1."""

    lines: int
    first: int


def unread(path: Path) -> Unread | None:
    """Whole lines of a log that are no JSON objects, in its first 64 MiB, blank ones left out; None: there are none."""
    found: list[int] = []
    try:
        with opened(path) as file:
            for number, line in enumerate(io.BytesIO(file.read(LOOKED_AT)), 1):
                if line.endswith(b"\n") and line.strip() and parsed(line) is None:
                    found.append(number)
    except OSError as error:
        if is_short(error):
            raise
    return Unread(len(found), found[0]) if found else None


def objective_of(row: Mapping[str, Any]) -> Objective | None:
    """The objective that a row declares."""
    declared = row.get("_objective")
    if not isinstance(declared, dict) or declared.get("goal") not in GOALS:
        return None
    return Objective(str(declared.get("name")), declared["goal"])
