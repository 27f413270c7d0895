"""What can be asked and done: plain functions over the queue. Their names, arguments and first words are what an assistant reads.

Whatever changes something takes two calls: the first says what would be done and gives a code, the second does that very thing,
and nothing else, for this code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from scheduler.actions import best as best_action
from scheduler.actions import compare as compare_action
from scheduler.actions import status as status_action
from scheduler.actions.cancel import by_hand, cancel_all
from scheduler.actions.exports.texts import standard
from scheduler.actions.logs import attempt_of, whole
from scheduler.actions.opening import opened_if_there, opened_queue, working_directory
from scheduler.actions.results import Sort
from scheduler.actions.submit import submit as submit_action
from scheduler.errors import UserError
from scheduler.experiments import Experiment, ExperimentFile
from scheduler.experiments.command.missing import missing
from scheduler.queue.foresight import Foreseen, foresee
from scheduler.queue.selection import select, select_single
from scheduler.queue.states import ENDED
from scheduler.queue.store import Store
from scheduler.queue.submit import Submission, Verb
from scheduler.report import best as best_report
from scheduler.report import comparison
from scheduler.report.jobs import objects
from scheduler.report.submission import remarks
from scheduler.sweeps import read_file
from scheduler.terminal import safe, say

SHOWN = 10  # experiments of a preview
LINES = 2000  # of a log, at most
Objects = list[dict[str, Any]]


def status(jobs: list[str] | None = None, limit: int = 20) -> Objects:
    """Jobs and how they stand, the newest `limit` of those that `jobs` names: ids, states such as "failed" or "running", "last",
    "group:NAME", "tag:NAME", filters such as "lr<0.01 and failed". Without `jobs`: of all."""
    with _opened(only_looks=True) as store:
        return _plain(objects(status_action.status(store, jobs or [], limit).lines))


def logs(job: str, lines: int = 100) -> str:
    """The last `lines` lines that a job has printed. `job` as for `status`; of several the newest."""
    with _opened(only_looks=True) as store:
        attempt = attempt_of(store, select_single(store, job), None)
        text = b"".join(whole(attempt, max(1, min(lines, LINES)))).decode(errors="replace")
    return safe(text, keep="\n\t")


def best(jobs: list[str] | None = None, metric: str = "", count: int = 1) -> Objects:
    """The `count` best jobs with their parameters, checkpoints and directories. `jobs` as for `status`; `metric`: such as
    "val_acc:max"; without it by what each job says that it is after."""
    with _opened(only_looks=True) as store:
        return _plain(
            best_report.objects(best_action.best(store, jobs or [], Sort.read(metric) if metric else None, max(count, 1)))
        )


def compare(jobs: list[str] | None = None, limit: int = 20, only_different: bool = False) -> Objects:
    """What came out of jobs, side by side, the best first: parameters, last and best values. `jobs` as for `status`."""
    with _opened(only_looks=True) as store:
        return _plain(
            comparison.objects(compare_action.compare(store, jobs or [], only_different=only_different, limit=max(limit, 0)))
        )


def submit(file: str, changes: list[str] | None = None, confirm: str = "") -> dict[str, Any]:
    """Queue the experiments of a file, with changes such as "lr=1e-3". Nothing is queued without `confirm`: the first call says
    what would be, and gives the code for the second. Show that to the user before you confirm. `exp-queue work` runs what is
    queued."""
    plan = read_file(file, changes or [])
    experiments, directory = list(plan.experiments()), working_directory()
    with opened_if_there(say) as store:
        found = foresee(store, experiments, directory)
    code = _code("submit", [directory, *(f"{each.id} {what}" for each, what in zip(experiments, found.verbs, strict=True))])
    if confirm != code:
        return _preview(_foreseen(plan, experiments, found), code, confirm)
    with _opened() as store:
        done = submit_action(store, plan, directory, lambda _: None, experiments)
        return {"jobs": [job.id for job in done.jobs], "what": _counts(done)}


def cancel(jobs: list[str], confirm: str = "") -> dict[str, Any]:
    """Stop jobs that run, and take those that wait out of the queue. Nothing is cancelled without `confirm`, as for `submit`.
    `jobs` as for `status`."""
    with _opened() as store:
        found = [job for job in select(store, jobs) if job.state not in ENDED] if jobs else []
        code = _code("cancel", (job.id for job in found))
        if confirm != code:
            would = [{"id": job.id, "state": job.state.value, "config": job.config} for job in found]
            return _preview({"would_cancel": _plain(would)}, code, confirm)
        left = cancel_all(store, [job.number for job in found], lambda _: None)
        return {"cancelled": [job.id for job in found], "not_stopped": [by_hand(store, attempt) for attempt in left]}


READING = (status, logs, best, compare)
CHANGING = (submit, cancel)


def _opened(*, only_looks: bool = False) -> AbstractContextManager[Store]:
    return opened_queue(say, only_looks=only_looks)


def _plain(found: Sequence[Any]) -> Any:
    """As JSON has it, which knows no infinity."""
    return json.loads(json.dumps(standard(list(found)), default=str))


def _code(verb: str, what: Iterable[str]) -> str:
    """Of exactly this: where the file or the queue has changed since, it is another one."""
    return hashlib.sha256("\n".join([verb, *what]).encode()).hexdigest()[:8]


def _counts(found: Submission | Foreseen) -> dict[str, int]:
    return {verb.value: count for verb, count in found.counts.items()}


def _foreseen(plan: ExperimentFile, experiments: Sequence[Experiment], found: Foreseen) -> dict[str, Any]:
    """What a submit would queue, with what the writer of the file should know."""
    shown, command = [each.config for each in experiments[:SHOWN]], [list(each.argv) for each in experiments[:1]]
    warnings = remarks(plan.path, (*plan.notes, *map(str, missing(plan.launches))))
    would = {"would_queue": found.counts[Verb.NEW] + found.counts[Verb.RETRIED], "what": _counts(found)}
    told = {**would, "file": plan.path, "experiments": shown, "warnings": warnings}
    return {**told, "command": command[0]} if command else told


def _preview(would: dict[str, Any], code: str, given: str) -> dict[str, Any]:
    if given:
        raise UserError("this code is for something else than what would be done now", next_step="call again without `confirm`")
    return {**would, "done": "nothing yet", "confirm": code}
