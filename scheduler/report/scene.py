"""A scene as lines that fit a terminal: what the live view draws, and what anything else that shows jobs can be made of. Pure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scheduler.actions.scene import Running, Scene, Waiting
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.status import Standing
from scheduler.queue.job import Job, waits_elsewhere
from scheduler.queue.states import ENDED, State
from scheduler.report.apart import head
from scheduler.report.gpus import objects
from scheduler.report.job_cells import Line, Span, aligned, cells_of, elapsed, fitted
from scheduler.report.pace import as_object as pace_object
from scheduler.report.pace import standing
from scheduler.runner.job_desk import LABEL
from scheduler.terminal import safe

Name = Callable[[Job], str]

BAR = 8  # columns of a bar of memory
WAITS = 3  # lines about what waits
STYLES = {State.DONE: "green", State.FAILED: "bold red", State.TIMEOUT: "bold red", State.LOST: "bold red"}
_ORDER = [State.RUNNING, State.STARTING, State.STOPPING, State.QUEUED, State.HELD, *sorted(ENDED)]


def drawn(scene: Scene, name: Name, width: int, height: int) -> list[Line]:
    """The scene in at most `width` columns and `height` lines; `name`: what people call a job."""
    above, below = around(scene, name, height)
    room = max(height - len(above) - len(below), 0)
    running = _cut(_jobs(scene, name, width, room), room, "job", len(scene.running))
    return [fitted(line, width) for line in [*above, *running, *below][: max(height, 0)]]


def around(scene: Scene, name: Name, height: int) -> tuple[list[Line], list[Line]]:
    """What stands above the jobs, and what below them, where there are `height` lines for all: the GPUs; what waits and why, how
    many may run at once where that is found out, and how many are in which state."""
    room = max(height - 1, 0)
    waits = _waits(scene.waiting, name)[: min(WAITS, room // 3)]
    paces = [((safe(standing(*each)), "dim"),) for each in scene.paces[: min(1, room // 3)]]
    return _cut(_gpus(scene), (room - len(waits) - len(paces)) // 2, "GPU"), [*waits, *paces, _counts(scene)]


def plain(lines: Iterable[Line]) -> list[str]:
    """The texts alone."""
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def met(scene: Scene) -> list[Job]:
    """The jobs that have a name in it."""
    return [*(each.job for each in scene.running), *(each.first for each in scene.waiting)]


def gist(scene: Scene) -> tuple[object, ...]:
    """What is another when something has happened, and not only time gone by or a row been logged."""
    running = tuple((each.attempt.name, each.job.state, each.paused) for each in scene.running)
    waiting = tuple((each.first.id, each.reason) for each in scene.waiting)
    return (running, waiting, tuple(scene.counts.items()), tuple((program, each.now) for program, each in scene.paces))


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
        "paces": [pace_object(*each) for each in scene.paces],
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
        "seconds": None if waits_elsewhere(running.job, running.attempt) else round(running.seconds, 3),
        "step": running.step,
        "line": running.line,
        "metric": {"name": metric.name, "value": metric.value} if metric else None,
        "done": ahead.done if ahead else None,
        "left": ahead.left if ahead else None,
    }


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
    rows = [cells_of(each, name(each.job), width) for each in shown]
    return aligned(rows, ["" if each.metric else each.line for each in shown], width)


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
            found += [(" · " if found else "", "dim"), (f"{count:,} {state}", STYLES.get(state, ""))]
    looked = scene.now - scene.since
    clock = [("   ", ""), (elapsed(looked), "dim")] if looked >= 1 else []
    return (*(found or [("nothing runs or waits", "dim")]), *clock)
