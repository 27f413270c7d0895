"""Jobs as rows: for the tables that people read and the objects that programs read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from scheduler.actions.results import Line
from scheduler.experiments import differences
from scheduler.queue.job import Attempt, Job
from scheduler.report.text import duration, number, shortened
from scheduler.tracking.metric_log import Objective

METRIC_COLUMNS = 4
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
LABEL_WIDTH = 60
COMPARED = 10_000  # jobs among which differences are looked for


def labels(jobs: Iterable[Job]) -> dict[str, str]:
    """For each job (by id) what tells it from the others shown: `network=mlp lr=0.001`. Of more than COMPARED jobs, what
    tells the first ones apart."""
    rest = iter(jobs)
    first = list(islice(rest, COMPARED))
    configs = [job.config for job in first]
    keys = telling(configs, differences(configs)) or _leaves(configs)
    found = {job.id: _label(config, keys) for job, config in zip(first, configs, strict=True)}
    found.update((job.id, _label(job.config, keys)) for job in rest)
    return found


def telling(configs: Sequence[dict], keys: Sequence[str]) -> list[str]:
    """The few of `keys`, in their order, that are enough to tell the configurations apart.

    Where the network decides the model and the data set as well, the network alone is shown. Keys that every configuration
    has come first, so that no label is empty.
    """
    columns = {key: [json.dumps(_at(config, key), default=repr, sort_keys=True) for config in configs] for key in keys}
    everywhere = {key for key, column in columns.items() if _ABSENT not in column}
    chosen: list[str] = []
    seen = [""] * len(configs)
    wanted = len(set(zip(*columns.values(), strict=True)))
    while len(set(seen)) < wanted:
        best = max(columns, key=lambda key: (key in everywhere, len(set(zip(seen, columns[key], strict=True)))))
        before = set(seen)
        told = [f"{label}\n{value}" for label, value in zip(seen, columns.pop(best), strict=True)]
        everywhere.discard(best)
        if len(set(told)) > len(before):
            chosen.append(best)
            seen = told
    return [key for key in keys if key in chosen]


def _leaves(configs: Sequence[dict]) -> list[str]:
    """All dotted keys of the first configuration: for a job alone, or for jobs that are all alike."""
    return differences([configs[0], {}]) if configs else []


def _label(config: dict, keys: Sequence[str]) -> str:
    values = ((key, _at(config, key)) for key in keys)
    return shortened(" ".join(f"{key}={value}" for key, value in values if value is not _MISSING), LABEL_WIDTH)


_MISSING = object()
_ABSENT = json.dumps(_MISSING, default=repr)


def _at(config: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        if not isinstance(config, dict) or part not in config:
            return _MISSING
        config = config[part]
    return config


def table(lines: Sequence[Line], names: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """Rows for people. `names`: by job id, where `labels` has found them already, perhaps among more jobs."""
    names = names or labels([line.job for line in lines])
    metrics = metric_columns(lines)
    return [
        {
            "id": line.job.short_id,
            "state": _state(line),
            "group": line.job.group or "",
            "experiment": names[line.job.id],
            **{name: number(line.outcome.last.get(name)) for name in metrics},
            "time": duration(line.seconds),
            "GPU": gpus_of(line.attempt),
        }
        for line in lines
    ]


def gpus_of(attempt: Attempt | None) -> str:
    """The GPUs that it was given, and those on which it computed all the same."""
    if attempt is None:
        return ""
    gpus = ",".join(_short_name(name) for name in attempt.gpus.split(","))
    return f"{gpus or 'none'}, computed on {attempt.elsewhere}" if attempt.elsewhere else gpus


def _short_name(gpu: str) -> str:
    """Enough of a UUID for CUDA to know it: `MIG-c6d4f1ef`."""
    kind, _, rest = gpu.partition("-")
    return f"{kind}-{rest.partition('-')[0]}" if UUID.fullmatch(rest) else gpu


def astray(gpus: str, elsewhere: str) -> str:
    """What an attempt did on GPUs that it was not given, as a clause."""
    given = (f"GPU {gpus}" if gpus[0].isdecimal() else gpus) if gpus else "no GPU"
    return f"given {given}, computed on GPU {elsewhere}: its program chooses the device itself"


def _state(line: Line) -> str:
    attempt = f" (attempt {line.job.attempts})" if line.job.attempts > 1 else ""
    return f"{line.job.state}{attempt}"


def metric_columns(lines: Sequence[Line]) -> list[str]:
    """The objectives, if any are declared; else the first few metrics by name of first appearance."""
    objectives = [line.outcome.objective.name for line in lines if line.outcome.objective]
    names = objectives or [name for line in lines for name in line.outcome.last]
    return list(dict.fromkeys(names))[:METRIC_COLUMNS]


def objects(lines: Sequence[Line], names: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Objects for programs; the keys are part of the interface. `names` as for `table`."""
    names = names or labels([line.job for line in lines])
    return [_object(line, names[line.job.id]) for line in lines]


def _object(line: Line, name: str) -> dict[str, Any]:
    attempt = line.attempt
    return {
        "id": line.job.id,
        "name": name,
        "group": line.job.group,
        "state": line.job.state.value,
        "attempt": line.job.attempts,
        "exit_status": line.exit_status,
        "reason": line.reason,
        "note": line.note,
        "config": line.job.config,
        "resources": asdict(line.job.resources),
        "submitted": line.job.submitted,
        "started": attempt.started if attempt else None,
        "ended": attempt.ended if attempt else None,
        "duration": line.seconds,
        "gpus": attempt.gpus if attempt else "",
        "elsewhere": attempt.elsewhere if attempt else "",
        "directory": attempt.directory if attempt else None,
        "log": str(attempt.log) if attempt else None,
        "objective": _objective(line.outcome.objective),
        "metrics": dict(line.outcome.last),
    }


def _objective(objective: Objective | None) -> dict[str, str] | None:
    return {"name": objective.name, "goal": objective.goal} if objective else None
