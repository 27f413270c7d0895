"""`init`: from the environment and the arguments of a training to its tracker."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking.media_log import MediaLog
from scheduler.tracking.metric_log import MetricLog, Objective
from scheduler.tracking.tracker import Listener, Tracker
from scheduler.tracking.trackers.names import asked, asked_by


def init(
    config: Mapping[str, Any],
    *,
    objective: tuple[str, str] | None = None,
    directory: str | Path | None = None,
    wandb: bool = False,
    trackers: str | Sequence[str] = (),
    project: str = "exp-queue",
    name: str | None = None,
) -> Tracker:
    """A tracker for one training run of `config`.

    The metric log is the file that EXP_QUEUE_METRICS names (a job has one), else `<directory>/metrics.jsonl`, else none.
    `objective` is the metric that ranks experiments: (name, "minimize" | "maximize").
    `trackers`, beside those that EXP_QUEUE_TRACKERS names, get everything as well: "wandb", "tensorboard", "swanlab", "trackio";
    several as a list, or with commas. UserError for any other name. One that is not installed, or fails, is said, and the
    training goes on without it. `wandb=True` is one more way to name the first. W&B and SwanLab are offline where no account is
    set up, unless WANDB_MODE or SWANLAB_MODE says otherwise.
    """
    ranked = Objective(*objective) if objective else None
    listeners: list[Listener] = []
    path = _log_path(directory)
    if path:
        listeners += [MetricLog(path, config=config, objective=ranked), MediaLog(path.parent)]
    wanted = [*(["wandb"] if wandb else []), *asked(trackers, "trackers"), *asked_by(os.environ)]
    if wanted:
        from scheduler.tracking.trackers.opening import opened
        from scheduler.tracking.trackers.training import Training

        training = Training(config, project, name, _directory(path))
        listeners += opened(asked(wanted), training, is_logged=path is not None)
    return Tracker(listeners)


def _directory(log: Path | None) -> Path | None:
    """Where trackers write: in the directory of the attempt, else beside the metric log."""
    given = os.environ.get("EXP_QUEUE_RUN_DIR")
    return Path(given) if given else log.parent if log else None


def _log_path(directory: str | Path | None) -> Path | None:
    given = os.environ.get("EXP_QUEUE_METRICS")
    if given:
        return Path(given)
    return Path(directory) / "metrics.jsonl" if directory else None
