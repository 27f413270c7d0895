"""`init`, `log`, `finish`: the calls with which a training script says what came out.

The same calls reach every listener: the metric log, W&B when asked, and nobody at all when nothing listens.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from scheduler.tracking.metric_log import MetricLog, Objective


class Listener(Protocol):
    """Something that takes rows: a file, or a service."""

    def log(self, values: Mapping[str, Any], step: int | None) -> None: ...
    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None: ...
    def finish(self) -> None: ...


class Tracker:
    """Passes every row to its listeners. Without listeners it is the null object: the same calls, nothing written."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = tuple(listeners)

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log one row of metrics: numbers (or one-element tensors) and texts by name."""
        row = {name: _plain(name, value) for name, value in values.items()}
        for listener in self._listeners:
            listener.log(row, step)

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None = None, step: int | None = None) -> None:
        """Log predictions, e.g. `{"target": ..., "prediction": ...}`; `images` are uint8 arrays of H x W, one per row."""
        for listener in self._listeners:
            listener.predictions(rows, images, step)

    def finish(self, summary: Mapping[str, Any] | None = None) -> None:
        """Log `summary` as a last row and close every listener. The last value of a name is its final one."""
        if summary:
            self.log(summary)
        for listener in self._listeners:
            listener.finish()


def init(
    config: Mapping[str, Any],
    *,
    objective: tuple[str, str] | None = None,
    directory: str | Path | None = None,
    wandb: bool = False,
    project: str = "exp-queue",
    name: str | None = None,
) -> Tracker:
    """A tracker for one training run of `config`.

    The metric log is the file that EXP_QUEUE_METRICS names (a job has one), else `<directory>/metrics.jsonl`, else none.
    `objective` is the metric that ranks experiments: (name, "minimize" | "maximize").
    `wandb=True` logs to W&B as well: offline where no account is set up, unless WANDB_MODE says otherwise.
    """
    ranked = Objective(*objective) if objective else None
    listeners: list[Listener] = []
    path = _log_path(directory)
    if path:
        listeners.append(MetricLog(path, config=config, objective=ranked))
    if wandb:
        from scheduler.tracking.wandb import WandbRun

        listeners.append(WandbRun(config, project=project, name=name, directory=path.parent if path else None))
    return Tracker(listeners)


def _log_path(directory: str | Path | None) -> Path | None:
    given = os.environ.get("EXP_QUEUE_METRICS")
    if given:
        return Path(given)
    return Path(directory) / "metrics.jsonl" if directory else None


def _plain(name: str, value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    if not isinstance(plain, (bool, int, float, str)):
        raise TypeError(f'the metric "{name}" is a {type(value).__name__}; log numbers or texts')
    return plain
