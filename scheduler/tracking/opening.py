"""`init`: from the environment and the arguments of a training to its tracker."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.tracking.media_log import MediaLog
from scheduler.tracking.metric_log import MetricLog, Objective
from scheduler.tracking.tracker import Listener, Tracker


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
        listeners += [MetricLog(path, config=config, objective=ranked), MediaLog(path.parent)]
    if wandb:
        from scheduler.tracking.wandb import WandbRun

        listeners.append(WandbRun(config, project=project, name=name, directory=path.parent if path else None))
    return Tracker(listeners)


def _log_path(directory: str | Path | None) -> Path | None:
    given = os.environ.get("EXP_QUEUE_METRICS")
    if given:
        return Path(given)
    return Path(directory) / "metrics.jsonl" if directory else None
