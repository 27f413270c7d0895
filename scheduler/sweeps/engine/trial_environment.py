"""What a job of a sweep file finds in its environment, whichever command starts it: its point, for the W&B client, and no server.

`sweep`, `run`, `submit` and `prepare` all come here, so that a script that reads `wandb.config` alone trains the same everywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler.experiments import Experiment, ExperimentFile
from scheduler.home import Home
from scheduler.queue.database import Unwritable
from scheduler.queue.job import RUN_DIR, RUN_ID
from scheduler.queue.trials import SweepRecord
from scheduler.tracking.wandb_offline import OTHERS, wandb_environment, write_parameters

if TYPE_CHECKING:
    from scheduler.sweeps.sweep import SweepPlan

UNBUFFERED = "PYTHONUNBUFFERED"


def environment_of(home: Home, plan: SweepPlan, sweep: SweepRecord, number: int, values: Sequence[object]) -> str:
    """As `Job.environment`, for a trial; the file of the point that it names is written. Unwritable where there is no room."""
    # Two runners may work on one number at once; only one of their points becomes the trial.
    path = home.sweep(sweep.id) / f"{number}-{plan.experiment(values).id[:12]}.yaml"
    return json.dumps(_environment(path, plan.nested(values), plan.name))


def with_points(plan: ExperimentFile, experiments: Iterable[Experiment], home: Path) -> Iterator[Experiment]:
    """The experiments of a sweep file with the environment of a trial, each handed on when the file of its point is there, in
    `home`; those of other files as they are. Unwritable where there is no room."""
    if plan.sweep is None:
        return iter(experiments)
    name = plan.sweep
    return (_with_point(name, experiment, home) for experiment in experiments)


def for_a_shell(experiment: Experiment) -> dict[str, str]:
    """What of an experiment's environment makes sense outside a queue, where it has no directory of its own."""
    found = json.loads(experiment.environment)
    return {name: found[name] for name in ("WANDB_MODE", "WANDB_RUN_GROUP", "WANDB_SWEEP_PARAM_PATH") if name in found}


def _with_point(name: str, experiment: Experiment, home: Path) -> Experiment:
    path = home / "arguments" / f"{experiment.id}.yaml"  # by its content: any number of jobs may have the same
    return replace(experiment, environment=json.dumps(_environment(path, experiment.config, name)))


def _environment(path: Path, point: Mapping[str, Any], name: str) -> dict[str, str | None]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_parameters(path, point)
    except OSError as error:
        raise Unwritable(f"cannot write {path} ({error.strerror})") from error
    # The variables of other runs are taken away also where they are not set now: who starts the job may have them.
    changes = {**dict.fromkeys(OTHERS), **wandb_environment(os.environ, Path(RUN_DIR), RUN_ID, name, ())}
    return {**changes, **_unbuffered(os.environ), "WANDB_SWEEP_PARAM_PATH": str(path)}


def _unbuffered(user_environment: Mapping[str, str]) -> dict[str, str]:
    """Python keeps up to 8 KiB of what it prints into a file: no row would be seen, and nothing stopped, before the end. A
    `print` then costs a few microseconds more."""
    return {} if UNBUFFERED in user_environment else {UNBUFFERED: "1"}
