"""Who ran where and when, and what had to wait, and why.

    {"attempts": [{"run": RUN, "number": 1, "started": ..., "ended": ... or None, "state": "done" or "running", "reason": "",
                   "lanes": ["GPU 0", "GPU 1"]}, ...],         # ["slot 3"]: without a GPU, its place in its runner
     "waits": [{"run": RUN, "from": ..., "to": ... or None, "why": "held"}, ...]}   # "": for a slot or a GPU

Both in the order of their begin; every attempt of these runs, not only the latest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from scheduler.queue.job import Attempt, Job
from scheduler.queue.rows import attempt_from
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.waits import lacks

_PLAIN = {"submitted": "", "as soon as it can": ""}  # what is said of a job that waits for nothing but its turn


def document(store: Store, jobs: Sequence[Job]) -> dict[str, Any]:
    """The answer, of these jobs."""
    wanted = json.dumps([job.id for job in jobs])
    sql = "SELECT attempt.* FROM json_each(?) AS wanted JOIN attempt ON attempt.job = wanted.value ORDER BY started"
    attempts = [attempt_from(row) for row in store.read(sql, (wanted,))]
    known = {job.id: job for job in jobs}
    return {"attempts": [_attempt(each, known[each.job]) for each in attempts], "waits": waits(store, jobs)}


def _attempt(attempt: Attempt, job: Job) -> dict[str, Any]:
    ending = attempt.ending
    return {
        "run": attempt.job,
        "number": attempt.number,
        "started": attempt.started,
        "ended": attempt.ended,
        "state": (ending.state if ending else job.state).value,
        "reason": ending.reason if ending else "",
        "lanes": lanes(attempt),
    }


def lanes(attempt: Attempt) -> list[str]:
    """Where it ran, for people.

    >>> lanes(Attempt("a", 1, "", "", 0.0, gpus="0,3")), lanes(Attempt("a", 1, "", "", 0.0, slot=2))
    (['GPU 0', 'GPU 3'], ['slot 2'])
    >>> lanes(Attempt("a", 1, "ssh/ada/b", "", 0.0, gpus="0")), lanes(Attempt("a", 1, "ssh/ada/b", "", 0.0, slot=0))
    (['GPU 0 of ada'], ['ada'])
    """
    if attempt.gpus:
        names = [f"GPU {each}" if each.isdecimal() else each for each in attempt.gpus.split(",")]
        return [f"{each} of {attempt.host}" if attempt.host else each for each in names]
    if attempt.host:
        return [attempt.host]
    return ["no GPU" if attempt.slot is None else f"slot {attempt.slot}"]


def waits(store: Store, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """From each time that a job was queued or held until it began, was held, or was over."""
    sql = """SELECT event.job, event.at, event.state, event.detail FROM json_each(?) AS wanted
             JOIN event ON event.job = wanted.value ORDER BY event.job, event.sequence"""
    rows = store.read(sql, (json.dumps([job.id for job in jobs]),))
    now = {job: lack.reason for job, lack in lacks(store, jobs, time.time()).items()}
    followed = _followed(store, jobs)
    found = [
        wait
        for job, events in groupby(rows, key=lambda row: row["job"])
        for wait in _of_job(job, events, followed.get(job, ""), now)
    ]
    return sorted(found, key=lambda each: each["from"])


def _of_job(job: str, events: Iterable[Any], follows: str, now: Mapping[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for event in events:
        if found and found[-1]["to"] is None:
            found[-1]["to"] = event["at"]
        if event["state"] in (State.QUEUED.value, State.HELD.value):
            found.append({"run": job, "from": event["at"], "to": None, "why": _why(event, follows)})
    if found and found[-1]["to"] is None:
        found[-1]["why"] = now.get(job, "") or found[-1]["why"]
    return found


def _why(event: Any, follows: str) -> str:
    if event["state"] == State.HELD.value:
        return "held"
    return follows or _PLAIN.get(event["detail"], event["detail"])


def _followed(store: Store, jobs: Sequence[Job]) -> dict[str, str]:
    """What those say that come after others, by job id."""
    wanted = json.dumps([job.prerequisite for job in jobs if job.prerequisite is not None])
    sql = "SELECT number, total FROM prerequisite WHERE number IN (SELECT value FROM json_each(?))"
    totals = {row["number"]: row["total"] for row in store.read(sql, (wanted,))}
    return {
        job.id: f"after {totals[job.prerequisite]:,} other job{'s' * (totals[job.prerequisite] != 1)}"
        for job in jobs
        if job.prerequisite in totals and job.prerequisite is not None
    }
