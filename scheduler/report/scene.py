"""A scene as lines that fit a terminal: what the live view draws, and what anything else that shows jobs can be made of. Pure.

A line is made of spans, a text and its style in the words of rich ("dim", "bold red"); without rich the texts alone are shown.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scheduler.actions.scene import Running, Scene, Waiting
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.status import Standing
from scheduler.queue.job import Job
from scheduler.queue.states import ENDED, State
from scheduler.report.apart import CUT, apart, head
from scheduler.report.gpus import objects
from scheduler.report.sparkline import sparkline
from scheduler.report.text import cells, duration, number
from scheduler.runner.job_desk import LABEL
from scheduler.terminal import safe

Span = tuple[str, str]
Line = tuple[Span, ...]
Name = Callable[[Job], str]

ROOMY = 120  # columns of a terminal from which on there is room for more of each
NARROW, WIDE = 8, 24  # columns of a sparkline
SHORT, LONG = 10, 16  # columns of a metric's name
NAME = 20  # columns that a job's name gets at least, before anything else is left out
BAR = 8  # columns of a bar of memory
WAITS = 3  # lines about what waits
_STYLES = {State.DONE: "green", State.FAILED: "bold red", State.TIMEOUT: "bold red", State.LOST: "bold red"}
_ORDER = [State.RUNNING, State.STARTING, State.STOPPING, State.QUEUED, State.HELD, *sorted(ENDED)]


def drawn(scene: Scene, name: Name, width: int, height: int) -> list[Line]:
    """The scene in at most `width` columns and `height` lines; `name`: what people call a job."""
    last = [_counts(scene)]
    waits = _waits(scene.waiting, name)
    room = max(height - len(last), 0)
    waits = waits[: min(WAITS, max(room // 3, 0))]
    gpus = _cut(_gpus(scene), max((room - len(waits)) // 2, 0), "GPU")
    running = _cut(
        _jobs(scene, name, width, room - len(waits) - len(gpus)), room - len(waits) - len(gpus), "job", len(scene.running)
    )
    return [fitted(line, width) for line in [*gpus, *running, *waits, *last][: max(height, 0)]]


def plain(lines: Iterable[Line]) -> list[str]:
    """The texts alone."""
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def met(scene: Scene) -> list[Job]:
    """The jobs that have a name in it."""
    return [*(each.job for each in scene.running), *(each.first for each in scene.waiting)]


def gist(scene: Scene) -> tuple[object, ...]:
    """What is another when something has happened, and not only time gone by or a row been logged."""
    running = tuple((each.attempt.name, each.job.state, each.paused) for each in scene.running)
    return (running, tuple((each.first.id, each.reason) for each in scene.waiting), tuple(scene.counts.items()))


def as_object(scene: Scene, name: Name) -> dict[str, Any]:
    """The same for programs. `time` in seconds of the epoch, `seconds` and `left` in seconds, `done` from 0 to 1; the GPUs as
    `gpus --format json` has them."""
    return {
        "time": scene.now,
        "gpus": objects(scene.gpus),
        "gpus_unknown": scene.trouble,
        "running": [_running_object(each, name) for each in scene.running],
        "waiting": [
            {"first": each.first.id, "name": name(each.first), "jobs": each.jobs, "reason": each.reason} for each in scene.waiting
        ],
        "counts": {str(state): count for state, count in scene.counts.items()},
    }


def _running_object(running: Running, name: Name) -> dict[str, Any]:
    metric, ahead = running.metric, running.headway
    return {
        "id": running.job.id,
        "name": name(running.job),
        "group": running.job.group,
        "state": running.job.state.value,
        "paused": running.paused,
        "attempt": running.attempt.number,
        "gpus": running.attempt.gpus,
        "seconds": round(running.seconds, 3),
        "step": running.step,
        "line": running.line,
        "metric": {"name": metric.name, "value": metric.value} if metric else None,
        "done": ahead.done if ahead else None,
        "left": ahead.left if ahead else None,
    }


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


def _cut(lines: Sequence[Line], room: int, noun: str, of: int | None = None) -> list[Line]:
    """As many as there is room for, the last of them saying how many more there are."""
    total = len(lines) if of is None else of
    if total <= room:
        return list(lines)
    shown = max(room - 1, 0)
    more = f"+ {total - shown:,} more {noun}{'s' * (total - shown != 1)}"
    return [*lines[:shown], ((more, "dim"),)] if room > 0 else []


# The GPUs.


def _gpus(scene: Scene) -> list[Line]:
    if scene.trouble:
        return [((f"the GPUs are unknown: {scene.trouble}", "bold red"),)]
    return [_gpu(each) for each in scene.gpus]


def _gpu(standing: Standing) -> Line:
    gpu = standing.gpu
    label = head(gpu.label, 12) if gpu.index is None else gpu.label
    figures = [
        (f"{label:<6} ", "bold"),
        (_memory(gpu.used, gpu.total), "cyan"),
        (f" {_unit(gpu.utilization, '%'):>5} {_unit(gpu.temperature, '°C'):>5} {_unit(gpu.power, 'W'):>5}  ", ""),
    ]
    return (*figures, *_owners(standing))


def _memory(used: int | None, total: int | None) -> str:
    if used is None or not total:
        return " " * (BAR + 15)
    full = round(min(used / total, 1.0) * BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {used / 1024:>5.1f}/{total / 1024:.1f} GiB"


def _unit(figure: float | None, unit: str) -> str:
    return "" if figure is None else f"{figure:.0f} {unit}"


def _owners(standing: Standing) -> list[Span]:
    """Whose it is: the holders of claims, and whose processes are there without one."""
    if standing.gpu.problem:
        return [(standing.gpu.problem, "bold red")]
    held = [_holder(claim) for claim in (*standing.claims, *(each.claim for each in standing.astray))]
    others = [f"{each.name or 'a process'} ({each.user or 'a user we cannot see'})" for each in standing.foreign]
    spans = [(", ".join(held), "")] if held else []
    if others:
        spans.append((f"{'; ' if held else ''}not ours: {', '.join(others)}", "yellow"))
    return spans or [("free", "dim")]


def _holder(claim: ClaimRecord) -> str:
    """A job of our own goes by its id."""
    own = claim.uid == os.getuid() and claim.label.startswith(LABEL)
    return claim.label.removeprefix(LABEL) if own else claim.holder


# The jobs that run.


def _jobs(scene: Scene, name: Name, width: int, room: int) -> list[Line]:
    """One line for each that there is room for, in columns."""
    shown = scene.running[: max(room, 0)]
    if not shown:
        return []
    columns: dict[str, list[Line]] = {
        "id": [((each.job.short_id, "bold"),) for each in shown],
        "name": [((safe(name(each.job)), ""),) for each in shown],
        "place": [((each.attempt.place, "dim"),) for each in shown],
        "step": [((_step(each), "dim"),) for each in shown],
        "metric": [_value(each, LONG if width >= ROOMY else SHORT) for each in shown],
        "curve": [_curve(each, WIDE if width >= ROOMY else NARROW) for each in shown],
        "done": [((_done(each), ""),) for each in shown],
        "time": [_time(each) for each in shown],
    }
    widths = _widths(columns, width)
    names = apart([text for ((text, _),) in columns["name"]], widths["name"])
    columns["name"] = [((text, ""),) for text in names]
    return [_row(each, {what: columns[what][place] for what in widths}, widths, width) for place, each in enumerate(shown)]


def _widths(columns: dict[str, list[Line]], width: int) -> dict[str, int]:
    """How wide each column is that has room: the name gets what the others leave."""
    widths = {what: max(map(_width, lines)) for what, lines in columns.items()}
    widths = {what: wide for what, wide in widths.items() if wide}
    for what in ("place", "step", "curve", "done", "metric", "time"):
        if _rest(widths, width) >= min(NAME, widths.get("name", 0)):
            break
        widths.pop(what, None)
    widths["name"] = max(min(widths.get("name", 0), _rest(widths, width)), 1)
    return widths


def _rest(widths: dict[str, int], width: int) -> int:
    return width - sum(wide + 1 for what, wide in widths.items() if what != "name") - 1


def _row(running: Running, row: dict[str, Line], widths: dict[str, int], width: int) -> Line:
    if running.line and not running.metric:  # nothing is known of it but what it prints
        known = ("id", "name", "place")
        found = [span for what in known if what in widths for span in _padded(row[what], widths[what])]
        end = [span for what in ("done", "time") if what in widths for span in _padded(row[what], widths[what])]
        room = width - _width(tuple(found)) - _width(tuple(end)) - 1
        text = f"| {safe(running.line.strip())}"
        return (*found, *_padded((((head(text, room - 1) + CUT) if cells(text) > room else text, "dim"),), room), *end)
    return tuple(span for what, wide in widths.items() for span in _padded(row[what], wide))


def _padded(line: Line, width: int) -> list[Span]:
    line = fitted(line, width)
    return [*line, (" " * (width - _width(line) + 1), "")]


def _width(line: Line) -> int:
    return sum(cells(safe(text)) for text, _ in line)


def _step(running: Running) -> str:
    return "" if running.step is None else f"step {running.step:,}"


def _value(running: Running, width: int) -> Line:
    metric = running.metric
    if metric is None:
        return (("", ""),)
    return ((f"{_tail(metric.name, width)} ", "dim"), (number(metric.value), "" if math.isfinite(metric.value) else "bold red"))


def _tail(name: str, width: int) -> str:
    """The end of a long name tells more than its beginning."""
    shown = safe(name)
    return shown if cells(shown) <= width else CUT + shown[-(width - 1) :]


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
    left = running.headway.left if running.headway else None
    if left is None:
        return ((_took(running.seconds), "dim"),)
    return ((f"{_took(math.ceil(left))} left", "green"),)


def _took(seconds: float) -> str:
    """Whole seconds: what changes every second needs no more."""
    return f"{math.floor(seconds)} s" if seconds < 10 else duration(math.floor(seconds))


# What waits, and how many there are.


def _waits(waiting: Sequence[Waiting], name: Name) -> list[Line]:
    return [_wait(each, name) for each in waiting]


def _wait(waiting: Waiting, name: Name) -> Line:
    who = f"{waiting.first.short_id} {safe(name(waiting.first))}"
    who = who if waiting.jobs == 1 else f"{waiting.jobs:,} wait, first {who}"
    verb = "waits " if waiting.jobs == 1 else ""
    return ((verb, "dim"), (who, "dim"), (f": {waiting.reason}" if waiting.reason else ": for a slot", "yellow"))


def _counts(scene: Scene) -> Line:
    found: list[Span] = []
    for state in _ORDER:
        if count := scene.counts.get(state, 0):
            found += [(" · " if found else "", "dim"), (f"{count:,} {state}", _STYLES.get(state, ""))]
    took = scene.now - scene.since
    clock = [("   ", ""), (_took(took), "dim")] if took >= 1 else []
    return (*(found or [("nothing runs or waits", "dim")]), *clock)
