"""The jobs that stand for runs: each has a seat as its program, so that it is a job like any other."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from scheduler.actions.remark import rename
from scheduler.errors import UserError
from scheduler.experiments import Experiment, Policy, Resources
from scheduler.experiments.remarks import LONGEST_NOTE, LONGEST_TAG, NOTHING, Remarks, note, tags_of
from scheduler.home import Home
from scheduler.queue.changes import Changes
from scheduler.queue.elsewhere import configured
from scheduler.queue.job import Attempt, Job
from scheduler.queue.remarks import remark
from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.posts import Told

PROGRAM = Path(__file__).with_name("sit.py")


def seat_command(home: Home, entity: str, project: str, run: str = "") -> tuple[str, ...]:
    """The command line of a seat. Without `run` it is told by $WANDB_RUN_ID."""
    return (sys.executable, "-IS", str(PROGRAM), str(home.root), entity, project, *([run] if run else []))


def job_of(store: Store, run: RunId, attempt: str = "") -> Job | None:
    """The job that has this run as an attempt, be it an earlier one: a trial of a sweep, or what exp-queue has started.
    `attempt`: the run id of the one that has said that it logs it."""
    found = attempt_called(store, attempt or run.run)
    return found[0] if found else None


def attempt_called(store: Store, run_id: str) -> tuple[Job, Attempt] | None:
    """The attempt that trackers may call so, and its job."""
    if len(run_id) != 16 or not all(letter in "0123456789abcdef" for letter in run_id):
        return None
    jobs = store.jobs("job.id GLOB ?", (f"{run_id[:8]}*",))
    every = ((job, each) for job in jobs for each in store.attempts(job.id))
    return next((found for found in every if found[1].run_id == run_id), None)


def run_of(job: Job) -> RunId | None:
    """The run that this job stands for, where its command names it."""
    return RunId(*job.argv[4:7]) if job.is_seat and len(job.argv) == 7 else None


def stand_for(store: Store, run: RunId, told: Told, *, anew: bool) -> Job | None:
    """The job that stands for a run, queued if it does not run already, and with what is known of the run by now. None where the
    run belongs to a job that somebody else has queued. `anew`: it had ended, and goes on; else what was cancelled stays so."""
    if told.attempt or job_of(store, run):
        return None
    with store.change() as change:
        job = queued(store, change, run, told, anew=anew)
    return called(store, job, told.display_name)


def seat_of(store: Store, run: RunId) -> Job | None:
    """The job that stands for a run by now."""
    found = store.jobs("key = ?", (_key(run),), limit=1, newest=True)
    return found[0] if found else None


def queued(store: Store, change: Changes, run: RunId, told: Told, *, anew: bool) -> Job:
    """The same, within a transaction, of a run that is nobody else's."""
    experiment = _experiment(store.home, run, told)
    latest = change.latest([_key(run)]).get(_key(run))
    if latest is None:
        (job,) = change.add({_key(run): experiment}, str(store.home.root), {}).values()
    else:
        job = latest.job
        configured(change, job, experiment.arguments, experiment.group)
        if latest.state in (ENDED if anew else ENDED - {State.CANCELLED}) and (anew or not told.is_over):
            change.ask_again(job, "resumed")
    remark(change, [change.number(job)], _remarks(told))
    return store.job(job)


def _key(run: RunId) -> str:
    return f"wandb {run.digest}"


def called(store: Store, job: Job, name: str) -> Job:
    """The job, by the name that its run has where it may be one and is free."""
    if name and job.renamed is None:
        with suppress(UserError):
            return rename(store, job.id, name)
    return job


def _experiment(home: Home, run: RunId, told: Told) -> Experiment:
    command = seat_command(home, run.entity, run.project, run.run)
    group = told.group or run.project
    return Experiment(command, _text(told.config), group, Resources(gpus=0), Policy(), launch=command, passes_group=False)


def _text(config: dict[str, Any]) -> str:
    return json.dumps(config)


def _remarks(told: Told) -> Remarks:
    """Its tags, spelt as ours may be, and its notes."""
    tags = {re.sub(r"[^\w./-]+", "-", each).strip("./-")[:LONGEST_TAG] for each in told.tags}
    with suppress(UserError):
        return Remarks(tags_of(filter(None, tags)), note(told.notes[:LONGEST_NOTE]))
    return NOTHING
