"""How far an attempt has come, in a line for somebody who sees nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.queue.job import Attempt
from scheduler.report.log_view import last_lines
from scheduler.report.text import number, shortened
from scheduler.tracking.newest import newest

MOST = 4  # metrics
WIDTH = 100  # characters of the last line of an output, or of a value with its name


def course(attempt: Attempt, metric: str = "") -> str:
    """The newest values that it has logged, that of `metric` first; else the last line of its output; empty where there is
    nothing."""
    row = newest(Path(attempt.directory), attempt.metrics)
    if row:
        step = [] if row.step is None else [f"step {row.step}"]
        return ", ".join([*step, *_values(row.values, metric)])
    last = last_lines(attempt.log, 1)
    return f"| {shortened(last[0].strip(), WIDTH)}" if last else ""


def _values(values: Mapping[str, Any], first: str) -> list[str]:
    shown = [(name, value) for name, value in values.items() if isinstance(value, (int, float))]
    shown.sort(key=lambda each: each[0] != first)
    return [shortened(f"{name} {number(value)}", WIDTH) for name, value in shown[:MOST]]
