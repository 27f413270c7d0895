"""What is known of a run beside the list of runs.

    {"line": "python train.py --lr 0.1",      # its command, as a shell takes it
     "standing": "",                          # what its launcher has noted last, of one that is not over; else with `-j auto`
                                              # how many of its program may run at once
     "waits": "",                             # what it waits for that is neither a slot nor a GPU, or why it was skipped
     "attempts": [{"number": 1, "state": "failed" or None, "exit_status": 1, "reason": ..., "started": ..., "ended": ...,
                   "duration": ..., "place": "GPU 0,1" or "slot 3", "models": [...], "elsewhere": "", "log": PATH}, ...],
     "events": [[AT, ATTEMPT or None, "queued", "submitted"], ...],
     "origin": {"commit": ..., "branch": ..., "dirty": true, "missing": "", "untracked": 3, "root": ..., "python": ...,
                "version": ..., "packages": 120, "host": ..., "kernel": ..., "driver": ...} or None,
     "seeds": {...},                          # as the configuration in runs.py
     "used": "GPU 87 % busy (peak 99 %), ...", "energy": "12.3 Wh, used by its GPUs",   # as `show` says it, "" for nothing
     "steps": true, "series": {"loss": {"count": 50, "odd": 0, "low_at": 40, "high_at": 0}, ...}}

`origin`, `used`, `energy` and `series` are of the latest attempt; without `steps` the places of extremes are rows. What is long
(the packages, the patch) is in provenance.py, what was printed in logs.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.exports.texts import standard
from scheduler.actions.pacing import paces
from scheduler.actions.system import co2_per_kwh, uses
from scheduler.experiments import shell_line
from scheduler.queue.job import Attempt, Job
from scheduler.queue.origin_rows import origin_of
from scheduler.queue.origins import Origin
from scheduler.queue.rows import attempt_from
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.waits import lacks, why_skipped
from scheduler.report import system
from scheduler.report.origins import seeds
from scheduler.report.pace import standing as pace
from scheduler.runner.recovery import standing_of
from scheduler.tracking.logged import Series
from scheduler.web.documents.notable import notable
from scheduler.web.documents.runs import exact

MOST = 1000  # runs of which a report has this


def document(store: Store, each: Compared) -> dict[str, Any]:
    """The answer, of one run."""
    return documents(store, [each])[each.job.id]


def in_a_report(store: Store, everyone: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """The answers of those that people look for first."""
    return documents(store, notable(everyone)[:MOST])


def documents(store: Store, everyone: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """The answers by the ids of these runs. Each table of the store is asked once, however many they are."""
    jobs = [each.job for each in everyone]
    wanted = (json.dumps([job.id for job in jobs]),)
    attempts, events, models = _attempts(store, wanted), _events(store, wanted), _models(store, wanted)
    used, grams = uses(store, [each.attempt for each in everyone if each.attempt]), co2_per_kwh()
    waits = {job: lack.reason for job, lack in lacks(store, jobs, time.time()).items()} | why_skipped(store, jobs)
    origins: dict[int | None, Origin | None] = {None: None}

    def one(each: Compared) -> dict[str, Any]:
        job, latest = each.job, each.attempt
        number = latest.origin if latest else None
        if latest and number not in origins:
            origins[number] = origin_of(store, latest)
        use = system.as_object(used.get(latest.name), grams) if latest else None
        return {
            "line": shell_line(job.argv),
            "standing": _standing(store, job, latest) if latest and not latest.ending else "",
            "waits": waits.get(job.id, ""),
            "attempts": [_attempt(attempt, models.get(attempt.name, "")) for attempt in attempts.get(job.id, ())],
            "events": events.get(job.id, []),
            "origin": _origin(origins[number]),
            "seeds": exact(seeds(job.config)),
            "used": system.used(use),
            "energy": system.energy(use),
            "steps": each.logged.step is not None,
            "series": {name: _series(series) for name, series in each.logged.series.items()},
        }

    return {each.job.id: standard(one(each)) for each in everyone}


def _attempts(store: Store, wanted: tuple[str]) -> Mapping[str, list[Attempt]]:
    sql = """SELECT attempt.* FROM json_each(?) AS wanted JOIN attempt ON attempt.job = wanted.value
             ORDER BY attempt.job, attempt.number"""
    found: dict[str, list[Attempt]] = {}
    for row in store.read(sql, wanted):
        found.setdefault(row["job"], []).append(attempt_from(row))
    return found


def _events(store: Store, wanted: tuple[str]) -> Mapping[str, list[list[Any]]]:
    """What happened, without the names of launchers, which say nothing to people."""
    sql = """SELECT event.* FROM json_each(?) AS wanted JOIN event ON event.job = wanted.value
             ORDER BY event.job, event.sequence"""
    found: dict[str, list[list[Any]]] = {}
    for row in store.read(sql, wanted):
        detail = "" if row["state"] == State.STARTING.value else row["detail"]
        found.setdefault(row["job"], []).append([round(row["at"], 2), row["attempt"], row["state"], detail])
    return found


def _models(store: Store, wanted: tuple[str]) -> Mapping[str, str]:
    """The kinds of the GPUs of all their attempts, by the names of these."""
    sql = """SELECT gpu_use.job, gpu_use.attempt, group_concat(DISTINCT gpu_use.model) AS models FROM json_each(?) AS wanted
             JOIN gpu_use ON gpu_use.job = wanted.value GROUP BY gpu_use.job, gpu_use.attempt"""
    return {f"{row['job']}/{row['attempt']}": row["models"] for row in store.read(sql, wanted)}


def _standing(store: Store, job: Job, latest: Attempt) -> str:
    return standing_of(store.home, latest) or "; ".join(pace(*each) for each in paces(store.home, [job]))


def _attempt(attempt: Attempt, models: str) -> dict[str, Any]:
    ending = attempt.ending
    return {
        "number": attempt.number,
        "state": ending.state.value if ending else None,
        "exit_status": ending.exit_status if ending else None,
        "reason": ending.reason if ending else "",
        "started": round(attempt.started, 2),
        "ended": attempt.ended and round(attempt.ended, 2),
        "duration": attempt.duration and round(attempt.duration, 3),
        "place": attempt.site or ("" if attempt.slot is None else f"slot {attempt.slot}"),
        "models": models,
        "elsewhere": attempt.elsewhere,
        "log": str(attempt.log),
    }


def _origin(found: Origin | None) -> dict[str, Any] | None:
    """What fits a line each."""
    if found is None:
        return None
    checkout, python = found.checkout, found.interpreter
    return {
        "commit": checkout.commit if checkout else "",
        "branch": checkout.branch if checkout else "",
        "root": checkout.root if checkout else "",
        "dirty": bool(checkout and checkout.is_dirty),
        "missing": checkout.missing if checkout else "",
        "untracked": len(checkout.untracked) if checkout else 0,
        "python": python.path if python else "",
        "version": python.version if python else "",
        "packages": len(python.packages) if python else 0,
        "host": found.host,
        "kernel": found.kernel,
        "driver": found.driver,
    }


def _series(series: Series) -> dict[str, float | None]:
    return {name: getattr(series, name) for name in ("count", "odd", "low_at", "high_at")}
