"""`init` and `track`: from the arguments of a training and its environment to its tracker."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from scheduler.attempt_files import METRICS
from scheduler.shortage import words
from scheduler.terminal import say
from scheduler.tracking.media import jsonable
from scheduler.tracking.media_log import MediaLog
from scheduler.tracking.metric_log import MetricLog, Objective
from scheduler.tracking.tracker import Listener, Tracker
from scheduler.tracking.trackers.names import LOCAL, asked, asked_by
from scheduler.tracking.values import Values
from scheduler.values import dataclass

RUNS = "exp-queue-runs"  # below the working directory: what is run by hand


@dataclass(frozen=True)
class About:
    """What people say of a run."""

    project: str = ""
    group: str | None = None
    name: str | None = None
    notes: str | None = None
    tags: Sequence[str] = ()


def init(
    config: Any = None,
    *,
    objective: tuple[str, str] | None = None,
    directory: str | Path | None = None,
    wandb: bool = False,
    trackers: str | Sequence[str] = (),
    project: str = "exp-queue",
    group: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] = (),
) -> Tracker:
    """A tracker for one training run of `config`: a mapping, or an object with attributes, such as argparse's.

    The metric log is the file that EXP_QUEUE_METRICS names (a job has one), else `<directory>/metrics.jsonl`, else none. Of the
    processes of a parallel training (torchrun sets RANK) the one of rank 0 writes.
    `objective` is the metric that ranks experiments: (name, "minimize" | "maximize").
    `trackers`, beside those that EXP_QUEUE_TRACKERS names, get everything as well: "wandb", "tensorboard", "swanlab", "trackio";
    several as a list, or with commas. UserError for any other name. One that is not installed, or fails, is said, and the
    training goes on without it. `wandb=True` is one more way to name the first. W&B and SwanLab are offline where no account is
    set up, unless WANDB_MODE or SWANLAB_MODE says otherwise.
    """
    about = About(project, group, name, notes, tuple(tags))
    values = config if isinstance(config, Values) else Values(config)
    if not is_first():
        return Tracker([], config=values, name=name)
    ranked = Objective(*objective) if objective else None
    listeners: list[Listener] = []
    path = _log_path(directory)
    if path:
        listeners += [MetricLog(path, objective=ranked, about=asdict(about)), MediaLog(path.parent)]
    wanted = [*(["wandb"] if wandb else []), *asked(trackers, "trackers"), *asked_by(os.environ)]
    if told := [name for name in wanted if name != LOCAL]:
        listeners += _opened(told, values, about, path)
    tracker = Tracker(listeners, config=values, directory=path and path.parent.absolute(), name=name)
    tracker.open()
    return tracker


def track(
    config: Any = None,
    *,
    objective: tuple[str, str] | None = None,
    directory: str | Path | None = None,
    wandb: bool = False,
    trackers: str | Sequence[str] = (),
    project: str = "exp-queue",
    group: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] = (),
    parent: str | Path | None = None,
) -> Tracker:
    """As `init`, for a notebook or a script that is run by hand too: outside of a job, and without a `directory`, the run is kept
    in a new folder of `exp-queue-runs` in `parent` (the working directory), which is said."""
    if directory is None and is_first() and not _log_path(None):
        directory = new_folder(Path(parent or "."), name)
    return init(
        config,
        objective=objective,
        directory=directory,
        wandb=wandb,
        trackers=trackers,
        project=project,
        group=group,
        name=name or (Path(directory).name if directory else None),
        notes=notes,
        tags=tags,
    )


def is_first() -> bool:
    """Whether this process is alone, or that of rank 0: by RANK, as torchrun sets it, else by LOCAL_RANK and NODE_RANK, as
    Lightning does."""
    names = ("RANK",) if os.environ.get("RANK") else ("LOCAL_RANK", "NODE_RANK")
    return all(os.environ.get(name, "").strip() in ("", "0") for name in names)


def new_folder(parent: Path, name: str | None) -> Path | None:
    """A new folder for a run by hand, named for it or for the time of day; None, which is said, where none can be made."""
    wanted = re.sub(r"[^\w.-]+", "-", name or "").strip("-.")[:80] or time.strftime("run-%Y%m%d-%H%M%S")
    for folder in _numbered(parent.absolute() / RUNS / wanted):
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            say(f"exp-queue: this run is not kept: {folder} cannot be made ({words(error)})")
            return None
        say(f"exp-queue: this run is kept in {folder}")
        return folder
    return None


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    yield from (path.with_name(f"{path.name}-{number}") for number in count(2))


def _opened(names: Sequence[str], config: Values, about: About, log: Path | None) -> list[Listener]:
    """They write in the directory of the attempt, else beside the metric log."""
    from scheduler.tracking.trackers.opening import opened
    from scheduler.tracking.trackers.training import Training, storable

    given = os.environ.get("EXP_QUEUE_RUN_DIR")
    directory = Path(given) if given else log.parent if log else None
    training = Training(
        storable(jsonable(config)), about.project or "exp-queue", about.name, about.group, about.notes, about.tags, directory
    )
    return opened(asked(names), training, is_logged=log is not None)


def _log_path(directory: str | Path | None) -> Path | None:
    given = os.environ.get("EXP_QUEUE_METRICS")
    if given:
        return Path(given)
    return Path(directory) / METRICS if directory else None
