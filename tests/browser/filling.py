"""A queue with much in it, made in this process: no job is run for it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduler.experiments import Experiment, read
from scheduler.experiments.remarks import NOTHING, Remarks
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.remarks import remark
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.queue.trials import SweepRecord, add_evidence, add_sweep, add_trial, note_history, note_verdict
from scheduler.runner.logs import keep_what_is_small
from scheduler.tracking.media import Histogram, Image, Table
from scheduler.tracking.media_log import MediaLog
from scheduler.tracking.png import encoded

BEGUN = 1700000000.0
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Left:
    """What a job has left behind: its state, and what it has logged. A job that is queued has left nothing."""

    state: State = State.DONE
    rows: Rows = ()
    system: Rows = ()
    log: str = ""
    reason: str = ""
    exit_status: int | None = 0
    show: Callable[[MediaLog, Path], None] | None = None  # the directory is one for files of its own
    remarks: Remarks = NOTHING


def curve(config: Mapping[str, Any], steps: int = 50) -> list[dict[str, Any]]:
    """A loss that falls, the faster the larger `lr`, and an accuracy that rises; a row each second."""
    losses = [0.1 + 2 * math.exp(-step * config["lr"] / 2) for step in range(steps)]
    return [
        {"_step": step, "_time": BEGUN + step, "loss": loss, "acc": round(1 - loss / 3, 4)} for step, loss in enumerate(losses)
    ]


def system(rows: int = 20) -> list[dict[str, Any]]:
    """What a job on one GPU uses of the machine."""
    return [
        {
            "_step": step,
            "_time": BEGUN + 5 * step,
            "cpu.use": 1.5,
            "memory.rss": 900.0 + step,
            "memory.used": 800.0,
            "gpu.0.use": 60 + step,
            "gpu.0.memory": 4000,
            "gpu.0.power": 250,
            "gpu.0.temperature": 60,
        }
        for step in range(rows)
    ]


def show_everything(log: MediaLog, directory: Path) -> None:
    """Images, a histogram and a table, of three steps."""
    for step in (0, 10, 20):
        path = directory / f"drawn-{step}.png"
        path.write_bytes(encoded(bytes([step * 10, 128, 255] * 256), 16, 16, 3))
        log.show("example", Image(path, f"step {step}"), step)
        log.show("weights", Histogram.of([math.sin(each * (step + 1)) for each in range(200)]), step)
    log.show("predictions", Table(["text", "right"], [["a quick fox", True], ["a slow dog", False]]), 20)
    log.finish()


def written(directory: Path, text: str, name: str = "experiments.yaml") -> list[Experiment]:
    """The experiments of a YAML text."""
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return list(read(str(path)).experiments())


def fill(store: Store, experiments: Iterable[Experiment], cwd: Path, left: Callable[[Mapping[str, Any]], Left]) -> list[Job]:
    """The jobs of these experiments, each with what `left` says of its configuration. At once: whoever looks at the queue
    meanwhile, as a page that is served does, takes a job without a process for lost."""
    jobs = list(submit(store, list(experiments), str(cwd), again=True).jobs)
    attempts: dict[str, Attempt] = {}
    with store.change() as change:
        for job, each in zip(jobs, [left(job.config) for job in jobs], strict=True):
            remark(change, [job.number], each.remarks)
            if each.state not in (State.QUEUED, State.HELD):
                attempt = change.begin(job, "launcher", "0" if each.system else "")
                assert attempt
                attempts[job.id] = attempt
                _leave(Path(attempt.directory), each)
                if each.state is State.RUNNING:
                    change.runs(attempt, 1, 1)
                else:
                    change.end(attempt, Ending(each.state, each.exit_status, each.reason), 60.0)
    for job in jobs:
        if job.id in attempts:
            keep_what_is_small(store, job, attempts[job.id])
    return store.by_ids(job.id for job in jobs)


def _leave(directory: Path, left: Left) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, rows in (("metrics.jsonl", left.rows), ("system.jsonl", left.system)):
        if rows:
            (directory / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    if left.log:
        (directory / "log.txt").write_bytes(left.log.encode("utf-8", "surrogatepass"))
    if left.show:
        left.show(MediaLog(directory), directory)


def sweep_of(
    store: Store,
    jobs: Sequence[Job],
    metric: str,
    space: Sequence[Any],
    sweep: str = "0123456789abcdef" * 2,
    *,
    method: str = "random",
    beside: Sequence[str] = (),
    learnt: Sequence[Job] = (),
) -> None:
    """These jobs are the trials of a sweep with hyperband, of which those that were stopped early have a verdict. `beside`: the
    metrics that are to be small too; `learnt`: trials of other sweeps that its search was told of."""
    config = {
        "method": method,
        "metric": metric,
        "goal": "minimize",
        "beside": [[name, "minimize"] for name in beside],
        "pruner": "wandb",
        "kin": "k",
        "space": space,
        "early_terminate": {"min_iter": 3, "max_iter": None, "s": None, "eta": 3, "strict": None},
    }
    latest = store.latest_attempts(jobs)
    with store.change() as change:
        add_sweep(change, SweepRecord(sweep, "k", "sweep.yaml", 1, json.dumps(config), BEGUN))
        for number, job in enumerate(jobs):
            add_trial(change, sweep, number, job.id, job.config)
            rows = [json.loads(line) for line in latest[job.id].metrics.read_text().splitlines()]
            there = [row for row in rows if math.isfinite(row[metric])]
            others = tuple(tuple(row[name] for name in beside) for row in there)
            note_history(change, job.id, 1, tuple(row[metric] for row in there), None, others)
            if job.state is State.STOPPED_EARLY:
                told = f"its best {metric} in 3 rows was {rows[-1][metric]:.4g}, worse than the best of the others at row 3"
                verdict = {"number": number, "rows": 3, "band": 3, "value": rows[-1][metric], "threshold": 0.5, "better": [0]}
                note_verdict(change, job.id, json.dumps({**verdict, "sentence": told}))
        add_evidence(change, sweep, [job.id for job in learnt])
