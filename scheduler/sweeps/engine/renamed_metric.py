"""A sweep whose metric was misspelt goes on under the right name: its trials have run, and their logs are still there."""

from __future__ import annotations

import json
from typing import Any

from scheduler.queue import trials as records
from scheduler.queue.states import ACTIVE
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord
from scheduler.sweeps.sweep import SweepPlan


def take_over(store: Store, plan: SweepPlan, cwd: str, pruner: str) -> str:
    """Make the last sweep of this file, directory and command that of `plan`, its logs to be read once more, where it has
    another metric, which none of its trials has logged, and none of them runs. Returns that metric; "" where nothing was done."""
    if not plan.metric:
        return ""
    with store.change() as change:  # also to read: two commands at once must not do it twice
        if records.latest_sweep(store, plan.key(cwd)):
            return ""
        kin = plan.kin(cwd)
        found = next((each for each in records.newest_sweeps(store) if _config(each).get("kin") == kin), None)
        if found is None or not _is_worthless(store, found):
            return ""
        records.rename_sweep(change, found.id, plan.key(cwd), plan.remembered(cwd, pruner))
        records.forget_histories(change, found.id)
    return str(_config(found)["metric"])


def _is_worthless(store: Store, sweep: SweepRecord) -> bool:
    trials = records.trials(store, sweep.id)
    logged = any(trial.history or trial.summary is not None for trial in trials)
    return bool(trials and _config(sweep)["metric"]) and not logged and not any(trial.state in ACTIVE for trial in trials)


def _config(sweep: SweepRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sweep.config)
    return found
