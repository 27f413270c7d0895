"""Lines that fit a terminal, and what is known of a job that runs in the cells of one: for every view of jobs that run. Pure.

A line is made of spans, a text and its style in the words of rich ("dim", "bold red"); without rich the texts alone are shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scheduler.actions.scene import Running
from scheduler.queue.job import waits_elsewhere
from scheduler.queue.states import State
from scheduler.report.apart import CUT, apart, head
from scheduler.report.sparkline import sparkline
from scheduler.report.text import cells, duration, number
from scheduler.terminal import safe

Span = tuple[str, str]
Line = tuple[Span, ...]
Cells = Mapping[str, Line]

ROOMY = 120  # columns of a terminal from which on there is room for more of each
NARROW, WIDE = 8, 24  # columns of a sparkline
SHORT, LONG = 10, 16  # columns of a metric's name
NAME = 20  # columns that a job's name gets at least, before anything else is left out
LEFT_OUT = ("place", "step", "curve", "done", "metric", "time")  # where there is no room, in this order
END = ("done", "time")  # what stands behind the newest line of a job that logs nothing


def fitted(line: Line, width: int) -> Line:
    """The line made safe for a terminal, and cut to `width` columns."""
    found: list[Span] = []
    left = width
    for text, style in line:
        shown = safe(text)
        if cells(shown) > left:
            found.append((head(shown, left - 1) + CUT, style) if left > 0 else ("", style))
            break
        found.append((shown, style))
        left -= cells(shown)
    return tuple(found)


def breadth(line: Line) -> int:
    """The columns that it takes."""
    return sum(cells(safe(text)) for text, _ in line)


def cells_of(running: Running, name: str, width: int) -> dict[str, Line]:
    """All that is known of a job that runs, called `name`, for a terminal of `width` columns."""
    roomy = width >= ROOMY
    return {
        "id": ((running.job.short_id, "bold"),),
        "name": ((safe(name), ""),),
        "place": ((running.attempt.site, "dim"),),
        "step": ((_step(running), "dim"),),
        "metric": _value(running, LONG if roomy else SHORT),
        "curve": _curve(running, WIDE if roomy else NARROW),
        "done": ((_done(running), ""),),
        "time": _time(running),
    }


def aligned(rows: Sequence[Cells], lines: Sequence[str], width: int, left_out: Sequence[str] = LEFT_OUT) -> list[Line]:
    """Rows of the same cells as lines in columns, of which those in `left_out` go first where there is no room; the names, which
    get what the others leave, are cut to what tells them apart. `lines`: of each row what stands in the place of its middle, or
    ""."""
    widths = _widths(rows, width, left_out)
    names = apart(["".join(text for text, _ in row["name"]) for row in rows], widths["name"])
    styles = [row["name"][0][1] for row in rows]
    shown = [{**row, "name": ((name, style),)} for row, name, style in zip(rows, names, styles, strict=True)]
    return [_row(row, line, widths, width) for row, line in zip(shown, lines, strict=True)]


def _widths(rows: Sequence[Cells], width: int, left_out: Sequence[str]) -> dict[str, int]:
    """How wide each column is that has room."""
    found = {what: max(breadth(row[what]) for row in rows) for what in rows[0]}
    found = {what: wide for what, wide in found.items() if wide}
    for what in left_out:
        if _rest(found, width) >= min(NAME, found.get("name", 0)):
            break
        found.pop(what, None)
    found["name"] = max(min(found.get("name", 0), _rest(found, width)), 1)
    return found


def _rest(widths: Mapping[str, int], width: int) -> int:
    return width - sum(wide + 1 for what, wide in widths.items() if what != "name") - 1


def _row(row: Cells, line: str, widths: Mapping[str, int], width: int) -> Line:
    if not line:
        return tuple(span for what, wide in widths.items() for span in _padded(row[what], wide))
    known = list(widths)[: list(widths).index("name") + 1] + [what for what in ("place",) if what in widths]
    found = [span for what in known for span in _padded(row[what], widths[what])]
    end = [span for what in END if what in widths for span in _padded(row[what], widths[what])]
    room = width - breadth(tuple(found)) - breadth(tuple(end)) - 1
    text = f"| {safe(line.strip())}"
    return (*found, *_padded((((head(text, room - 1) + CUT) if cells(text) > room else text, "dim"),), room), *end)


def _padded(line: Line, width: int) -> list[Span]:
    line = fitted(line, width)
    return [*line, (" " * (width - breadth(line) + 1), "")]


def _step(running: Running) -> str:
    return "" if running.step is None else f"step {running.step:,}"


def _value(running: Running, width: int) -> Line:
    return metric_cell(running.metric.name, running.metric.value, width) if running.metric else (("", ""),)


def metric_cell(name: str, value: float, width: int) -> Line:
    """A metric with its value; of a long name its end, which tells more than its beginning."""
    shown = safe(name)
    shown = shown if cells(shown) <= width else CUT + shown[-(width - 1) :]
    return ((f"{shown} ", "dim"), (number(value), "" if math.isfinite(value) else "bold red"))


def _curve(running: Running, width: int) -> Line:
    metric = running.metric
    return ((sparkline(metric.curve, width, metric.odd, metric.until) if metric else "", "cyan"),)


def _done(running: Running) -> str:
    return f"{math.floor(100 * running.headway.done)} %" if running.headway else ""


def _time(running: Running) -> Line:
    """How long it still takes, or has taken."""
    if running.paused:
        return (("paused", "yellow"),)
    if running.job.state is State.STOPPING:
        return (("stopping", "yellow"),)
    if waits_elsewhere(running.job, running.attempt):
        return (("not begun", "yellow"),)
    left = running.headway.left if running.headway else None
    if left is None:
        return ((elapsed(running.seconds), "dim"),)
    return ((f"{elapsed(math.ceil(left))} left", "green"),)


def elapsed(seconds: float) -> str:
    """Whole seconds: what changes every second needs no more."""
    return f"{math.floor(seconds)} s" if seconds < 10 else duration(math.floor(seconds))
