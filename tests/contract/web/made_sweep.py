"""A sweep of a real store whose trials are over, without a process for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from scheduler.experiments import Experiment
from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, add_sweep, add_trial, note_history, note_verdict
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.sweep import read_plan
from tests.contract.actions.ended import ended

Experiments = Callable[[str], list[Experiment]]
SWEEP = """
method: random
command: [python, train.py, "${args_json}"]
metric: {name: acc, goal: maximize}
early_terminate: {type: hyperband, min_iter: 2}
parameters: {lr: {distribution: log_uniform_values, min: 0.0001, max: 1.0}, kind: {values: [a, b]}}
"""


def made(
    store: Store,
    experiments: Experiments,
    place: Path,
    courses: Sequence[Sequence[float]],
    text: str = SWEEP,
    identity: str = "aa",
) -> list[Job]:
    """The jobs of its trials, in their order, each of which has logged one of these courses of the metric."""
    path = place / "sweep.yaml"
    path.write_text(text)
    config = read_plan(str(path)).remembered(str(place), "wandb")
    rates = [(number + 1) / (len(courses) + 1) for number in range(len(courses))]
    jobs = ended(
        store,
        experiments(f"command: [python, '{identity}', '${{args_json}}']\ngrid: {{lr: {rates}}}\n"),
        str(place),
        lambda _: [],
    )
    with store.change() as change:
        add_sweep(change, SweepRecord(identity, identity, "sweep.yaml", 1, config, 0.0))
        for number, (job, values) in enumerate(zip(jobs, courses, strict=True)):
            add_trial(change, identity, number, job.id, {"lr": rates[number], "kind": "ab"[number % 2]})
            note_history(change, job.id, 1, tuple(values), None)
    return jobs


def stopped(store: Store, job: Job, verdict: Verdict) -> None:
    """This trial was stopped early, for this reason."""
    with store.change() as change:
        note_verdict(change, job.id, json.dumps(verdict.__dict__))
        change.connection.execute("UPDATE job SET state = 'stopped_early' WHERE id = ?", (job.id,))
