"""Trials of a sweep as values of Python."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, overload

from scheduler.actions.results import lines
from scheduler.actions.trials import Remembered
from scheduler.api.job import Job, jobs_of
from scheduler.api.rows import Rows, flat, frame
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.trials import TrialRecord
from scheduler.report.text import duration, number
from scheduler.values import dataclass


@dataclass(frozen=True)
class Trial:
    """A trial of a sweep as it was when it was looked at. `history` has the metric of each row that was logged; `value` is the
    best of it, and of a final summary: None where nothing was logged."""

    number: int
    point: Mapping[str, Any] = field(hash=False)
    state: str
    value: float | None
    history: tuple[float, ...]
    stopped_because: str
    job: Job


class Trials(Rows[Trial]):
    """The trials of one sweep, in the order in which they were asked; `best` is None as long as none has a value."""

    def __init__(
        self,
        trials: Sequence[Trial],
        rows: Sequence[Mapping[str, str]],
        *,
        sweep: str,
        file: str,
        metric: str | None,
        goal: str,
        best: Trial | None,
    ) -> None:
        super().__init__(trials, rows)
        self.sweep, self.file, self.metric, self.goal, self.best = sweep, file, metric, goal, best

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, index: int | slice) -> Trial | tuple[Trial, ...]:
        return self._items[index]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each trial; `point.lr` and `metrics.loss` are columns. ImportError without pandas."""
        return frame([_trial_row(trial) for trial in self])


def trials_of(store: Store, found: Remembered) -> Trials:
    """The trials of a sweep with their jobs."""
    jobs = jobs_of(store, lines(store, store.by_ids(record.job for record in found.trials)))
    by_id = {job.id: job for job in jobs}
    trials = [_trial(record, value, by_id[record.job]) for record, value in zip(found.trials, found.values, strict=True)]
    best = next((trial for trial in trials if trial.number == found.best), None)
    sweep, metric = found.sweep, found.metric
    return Trials(trials, _rows(trials, metric), sweep=sweep.id, file=sweep.file, metric=metric, goal=found.goal, best=best)


def _trial(record: TrialRecord, value: float | None, job: Job) -> Trial:
    was_stopped = record.verdict and record.state is State.STOPPED_EARLY
    why = str(json.loads(record.verdict or "{}").get("sentence", "")) if was_stopped else ""
    return Trial(record.number, dict(record.point), record.state.value, value, record.history, why, job)


def _rows(trials: Sequence[Trial], metric: str | None) -> list[dict[str, str]]:
    """For people: the parameters that vary, or all where none does."""
    names = list(dict.fromkeys(name for trial in trials for name in trial.point))
    varying = [name for name in names if len({json.dumps(trial.point.get(name)) for trial in trials}) > 1]
    return [
        {
            "trial": str(trial.number),
            "id": trial.job.id[:8],
            "state": trial.state,
            **{name: number(trial.point.get(name)) for name in varying or names},
            (metric or "value"): number(trial.value),
            "rows": str(len(trial.history)) if metric else "",
            "time": duration(trial.job.seconds),
            "GPU": ",".join(map(str, trial.job.gpus)),
        }
        for trial in trials
    ]


def _trial_row(trial: Trial) -> dict[str, Any]:
    names = ("number", "state", "value", "stopped_because")
    point = {f"point.{name}": value for name, value in trial.point.items()}
    more = {"job": trial.job.id, "seconds": trial.job.seconds, **flat("metrics", trial.job.last)}
    return {**{name: getattr(trial, name) for name in names}, **point, **more}
