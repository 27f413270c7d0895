"""Jobs as rows: for the tables that people read and the objects that programs read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from scheduler.queue.states import State
from scheduler.report.columns import Layout
from scheduler.report.labels import Labels
from scheduler.report.remarks import as_object
from scheduler.report.text import duration, number, plural, skipped, waiting

if TYPE_CHECKING:
    from scheduler.actions.bound import Abroad
    from scheduler.actions.move import Moved
    from scheduler.actions.results import Line
    from scheduler.queue.job import Attempt, Job
    from scheduler.tracking.metric_log import Objective

METRIC_COLUMNS = 4
OWN = frozenset({"id", "name", "state", "group", "tags", "experiment", "time", "GPU", "#"})  # what a row says of its job
GROUP_WIDTH, METRIC_WIDTH = 16, 10  # columns of a terminal, where there are too few for everything
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def table(lines: Sequence[Line], names: Labels | None = None) -> list[dict[str, str]]:
    """Rows for people. `names`: where `Labels` has found them already, perhaps among more jobs."""
    names = names or Labels(line.job for line in lines)
    metrics = metric_columns(lines)
    return [
        {
            "id": line.job.short_id,
            "name": line.job.renamed or "",
            "state": _state(line),
            "group": line.job.group or "",
            "tags": " ".join(line.job.tags),
            "experiment": names[line.job.id],
            **{_heading(name): number(line.outcome.last.get(name)) for name in metrics},
            "time": duration(line.seconds),
            "GPU": gpus_of(line.attempt),
            "#": str(line.job.number),
        }
        for line in lines
    ]


def _heading(metric: str) -> str:
    """As `compare` has the word: what a script logs as `time` is not how long the job took."""
    return f"last.{metric}" if metric in OWN else metric


def layout(lines: Sequence[Line], names: Labels) -> Layout:
    """How the rows of `table` fit a narrow terminal: what tells the jobs apart stays longest."""
    metrics = [_heading(name) for name in metric_columns(lines)]

    def anew(width: int) -> list[str]:
        found = names.at(width)
        return [found[line.job.id] for line in lines]

    bounds = {"name": GROUP_WIDTH, "group": GROUP_WIDTH, "tags": GROUP_WIDTH, **dict.fromkeys(metrics, METRIC_WIDTH)}
    return Layout(bounds, {"experiment": anew}, ["tags", *metrics[1:]])


def gpus_of(attempt: Attempt | None) -> str:
    """The GPUs that it was given, on a host `ada:0`, and those on which it computed all the same."""
    if attempt is None:
        return ""
    gpus = ",".join(_short_name(name) for name in attempt.gpus.split(","))
    gpus = f"{attempt.host}:{gpus}" if gpus and attempt.host else gpus
    return f"{gpus or 'none'}, computed on {attempt.elsewhere}" if attempt.elsewhere else gpus


def _short_name(gpu: str) -> str:
    """Enough of a UUID for CUDA to know it: `MIG-c6d4f1ef`."""
    kind, _, rest = gpu.partition("-")
    return f"{kind}-{rest.partition('-')[0]}" if rest and re.fullmatch(UUID, rest, re.IGNORECASE) else gpu


def astray(gpus: str, elsewhere: str) -> str:
    """What an attempt did on GPUs that it was not given, as a clause."""
    given = (f"GPU {gpus}" if gpus[0].isdecimal() else gpus) if gpus else "no GPU"
    return f"given {given}, computed on GPU {elsewhere}: its program chooses the device itself"


def _state(line: Line) -> str:
    attempt = f" (attempt {line.job.attempts})" if line.job.attempts > 1 else ""
    state = "paused" if line.pause.since and line.job.state is State.RUNNING else line.job.state
    return f"{state}{attempt}"


def metric_columns(lines: Sequence[Line]) -> list[str]:
    """The objectives, then the other metrics in the order of their first appearance: a few in all, but every objective."""
    objectives = dict.fromkeys(line.outcome.objective.name for line in lines if line.outcome.objective)
    names = list(objectives | dict.fromkeys(name for line in lines for name in line.outcome.last))
    return names[: max(METRIC_COLUMNS, len(objectives))]


def objects(lines: Sequence[Line], names: Labels | None = None) -> list[dict[str, Any]]:
    """Objects for programs; the keys are part of the interface. `names` as for `table`."""
    names = names or Labels(line.job for line in lines)
    return [_object(line, names[line.job.id]) for line in lines]


def _object(line: Line, name: str) -> dict[str, Any]:
    attempt = line.attempt
    return {
        "id": line.job.id,
        "number": line.job.number,
        "name": name,
        "group": line.job.group,
        "state": line.job.state.value,
        "attempt": line.job.attempts,
        "exit_status": line.exit_status,
        "reason": line.reason,
        "note": line.note,
        **as_object(line.job),
        "goes_to": _ways(line),
        "paused": line.pause.since,
        "config": line.job.config,
        "resources": asdict(line.job.resources),
        "priority": line.job.priority,
        "submitted": line.job.submitted,
        "started": attempt.started if attempt else None,
        "ended": attempt.ended if attempt else None,
        "duration": line.seconds,
        "host": attempt.host if attempt else "",
        "gpus": attempt.gpus if attempt else "",
        "elsewhere": attempt.elsewhere if attempt else "",
        "directory": attempt.directory if attempt else None,
        "log": str(attempt.log) if attempt else None,
        "objective": _objective(line.outcome.objective),
        "metrics": dict(line.outcome.last),
    }


def _ways(line: Line) -> list[dict[str, Any]]:
    """Where runners send a queued job, if not to this machine: as `--on` names that, which runner that is, how many of its jobs
    are there, and what was said last."""
    return [
        {"on": each.bound.on, "pid": each.bound.pid, "under_way": dict(each.there), "note": each.bound.note}
        for each in (line.way.abroad if line.way else ())
    ]


def away(lines: Sequence[Line]) -> list[str]:
    """A sentence for each runner that sends queued jobs to other machines."""
    found: dict[int, tuple[Abroad, list[Line]]] = {}
    for line in lines:
        for each in line.way.abroad if line.way else ():
            found.setdefault(each.bound.pid, (each, []))[1].append(line)
    return [
        f"{its[0].job.short_id} {f'and {len(its) - 1:,} more that are queued go' if len(its) > 1 else 'goes'} to {abroad.where}"
        f"{', or starts here' if any(line.way and line.way.here for line in its) else ''}: {abroad.under_way}; {abroad.said}"
        for abroad, its in found.values()
    ]


def waits(lines: Sequence[Line]) -> list[str]:
    """A sentence for each thing that queued jobs wait for, beside slots and GPUs, and for each reason why some were skipped."""
    found: dict[tuple[bool, str], list[Job]] = {}
    for line in lines:
        if line.lack:
            found.setdefault((line.job.state is State.SKIPPED, line.lack), []).append(line.job)
    return [
        skipped(jobs[0].short_id, len(jobs), reason, now=False) if over else waiting(jobs[0].short_id, len(jobs), reason)
        for (over, reason), jobs in found.items()
    ]


def place(job: Job) -> dict[str, Any]:
    """Where a job stands in the queue, for programs."""
    return {"id": job.id, "state": job.state.value, "priority": job.priority}


def moved(found: Moved) -> str:
    """What `move` has done."""
    rest = f"; {plural(found.others, 'job')} that {'does' if found.others == 1 else 'do'} not wait stayed as before" * bool(
        found.others
    )
    if not found.jobs:
        return f"nothing was moved: no such job waits{rest}"
    these = found.jobs[0].short_id if len(found.jobs) == 1 else plural(len(found.jobs), "job")
    return f"{these} now {'has' if len(found.jobs) == 1 else 'have'} priority {found.priority}{rest}"


def _objective(objective: Objective | None) -> dict[str, str] | None:
    return {"name": objective.name, "goal": objective.goal} if objective else None


def impossible(never: Mapping[str, str]) -> list[str]:
    """A sentence for each reason why queued jobs can never run here; `never` has the reasons by the jobs' ids."""
    found: dict[str, list[str]] = {}
    for job, reason in never.items():
        found.setdefault(reason, []).append(job)
    return [
        f"{jobs[0][:8]}{f' and {len(jobs) - 1:,} more' if len(jobs) > 1 else ''} can never run here: {reason}; "
        f"{'they stay' if len(jobs) > 1 else 'it stays'} queued"
        for reason, jobs in found.items()
    ]
