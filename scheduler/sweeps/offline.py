"""What a trial's process finds in its environment: its point, for the W&B client, and no server."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from scheduler.jobs.database import Unwritable
from scheduler.jobs.home import Home
from scheduler.jobs.trial_records import SweepRecord
from scheduler.jobs.values import RUN_DIR
from scheduler.sweeps.plans import SweepPlan
from scheduler.tracking.wandb_offline import wandb_environment, write_parameters


def environment_of(home: Home, plan: SweepPlan, sweep: SweepRecord, number: int, values: Sequence[object]) -> str:
    """As `Job.environment`; the file of the point that it names is written. Unwritable where there is no room for it."""
    # Two runners may work on one number at once; only one of their points becomes the trial.
    path = home.sweep(sweep.id) / f"{number}-{plan.experiment(values).id[:12]}.yaml"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_parameters(path, plan.nested(values))
    except OSError as error:
        raise Unwritable(f"cannot write {path} ({error.strerror})") from error
    additions = wandb_environment(os.environ, Path(RUN_DIR), plan.name, ())
    return json.dumps({**additions, "WANDB_SWEEP_PARAM_PATH": str(path)})
