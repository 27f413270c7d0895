"""Jobs as rows: for the tables that people read and the objects that programs read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from scheduler.jobs.recovery import standing_of
from scheduler.jobs.states import SUCCEEDED
from scheduler.jobs.store import Store
from scheduler.jobs.values import Attempt, Job
from scheduler.report.text import duration, number, shortened
from scheduler.spec import differences
from scheduler.tracking import metric_log
from scheduler.tracking.metric_log import Objective, Outcome

METRIC_COLUMNS = 4
LABEL_WIDTH = 60
COMPARED = 10_000  # jobs among which differences are looked for


@dataclass(frozen=True)
class Line:
    """A job with all that a row about it needs."""

    job: Job
    attempt: Attempt | None
    outcome: Outcome
    note: str = ""  # what its launcher has noted last, of an attempt that is not over
    obstacle: str = ""  # why it can never start here

    @property
    def seconds(self) -> float | None:
        """How long its latest attempt ran, or has run until now."""
        if self.attempt is None:
            return None
        return self.attempt.duration if self.attempt.ending else max(0.0, time.time() - self.attempt.started)

    @property
    def exit_status(self) -> int | None:
        return self.attempt.ending.exit_status if self.attempt and self.attempt.ending else None

    @property
    def reason(self) -> str:
        ended = self.attempt.ending.reason if self.attempt and self.attempt.ending else ""
        return f"can never run here: {self.obstacle}" if self.obstacle else ended


def lines(store: Store, jobs: Sequence[Job], never: Mapping[str, str] | None = None) -> list[Line]:
    """The jobs with their latest attempts and what their metric logs say. `never`: by job id, why some can never run here."""
    latest = store.latest_attempts(jobs)
    return [_line(store, job, latest.get(job.id), (never or {}).get(job.id, "")) for job in jobs]


def _line(store: Store, job: Job, attempt: Attempt | None, obstacle: str) -> Line:
    note = standing_of(store.home, attempt) if attempt and not attempt.ending else ""
    return Line(job, attempt, outcome(attempt), note, obstacle)


def outcome(attempt: Attempt | None) -> Outcome:
    """What an attempt's metric log says so far."""
    return metric_log.read(attempt.metrics) if attempt else Outcome()


def best_first(lines: Iterable[Line]) -> list[Line]:
    """Those that succeeded, by their objective, the best first; then the others, in the order of the queue.

    Experiments with different objectives stand in groups: they cannot be compared.
    """
    lines = list(lines)
    groups = list(dict.fromkeys(line.outcome.objective for line in lines))
    return sorted(lines, key=lambda line: (line.job.state not in SUCCEEDED, groups.index(line.outcome.objective), _rank(line)))


def _rank(line: Line) -> float:
    return line.outcome.objective.rank(line.outcome.objective_value) if line.outcome.objective else 0.0


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
    return f"{attempt.gpus or 'none'}, computed on {attempt.elsewhere}" if attempt.elsewhere else attempt.gpus


def astray(gpus: str, elsewhere: str) -> str:
    """What an attempt did on GPUs that it was not given, as a clause."""
    given = f"GPU {gpus}" if gpus else "no GPU"
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
