"""Sweeps, the newest first: how each stands, what mattered, how the best came about, and who was stopped early and why.

    [{"id": ..., "file": "sweep.yaml", "created": 1700000000.0, "method": "random", "metric": "val_loss" or None,
      "goal": "minimize", "pruner": "wandb", "states": {"done": 4, ...}, "said": ["best: ...", ...],
      "objectives": [{"name": "val_loss", "goal": "minimize"}, ...], "front": [{"trial": 22, "values": [0.14, 9.6]}, ...],
      "best": {"trial": 22, "value": 0.14} or None, "improvements": [{"trial": 0, "value": 0.7, "ended": 1700000000.0}],
      "outside": "3 of them lie outside of the present space (3 by lr): ...", "better": {"trial": 3, "value": 0.1} or None,
      "evidence": ["the search learns from 38 of 43 trials of ...", ...],
      "parameters": {"lr": {"distribution": "log_uniform_values", "fields": {"min": 0.0001, "max": 0.3}}},
      "importance": {"shares": [["lr", 0.9], ...], "trials": 40, "sentence": "..."},
      "bands": [{"rows": 3, "threshold": 0.78 or None, "reached": [{"trial": 22, "value": 0.73}, ...]}],
      "saved": {"stopped": 36, "rows": 815, "share": 0.75, "sentence": "..."} or None,
      "trials": [{"number": 0, "run": RUN, "state": "done", "count": 27, "rows": STEPS, "last": [...], "low": [...],
                  "outside": ["by lr", ...],
                  "verdict": {"rows": 3, "band": 3, "value": 0.9, "threshold": 0.6, "better": [4], "sentence": "..."}}]}]

`rows` of a trial are the numbers, from 1 on, of the logged rows that had a finite value of the metric, STEPS as in `curves.py`,
and of `count` rows not more than fit; `low` and `high` as there. `shares` are empty where there is too little to say, and the
sentence says why. A trial has a verdict where it was stopped for it, and `outside` where it lies outside of the present space.
`front` is empty with one objective; else `best` and `better`, which is outside and better, are by the first. RUN may be no run of
this page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

from scheduler.actions.exports.texts import standard
from scheduler.actions.sweeps import Seen, see
from scheduler.actions.trials import Results
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.trials import SweepRecord, newest_sweeps
from scheduler.report import evidence
from scheduler.report.objectives import objectives
from scheduler.report.spaces import how_outside, outside
from scheduler.report.sweeps import saved_line, value_of
from scheduler.report.text import plural
from scheduler.report.trials import objects_of_bands
from scheduler.sweeps.engine.live_trials import Entry
from scheduler.sweeps.search.importance import FEWEST, counted
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial
from scheduler.tracking.logged import Point, Series
from scheduler.web.documents.curves import curve

POINTS = 256  # of the curve of a trial
MOST = 100_000  # of all trials of a sweep together
LEAST = 16


def document(store: Store, jobs: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """The answer: of the sweeps that any of these jobs is a trial of, with all their trials; None: of all sweeps."""
    return [standard(_sweep(see(store, each))) for each in _asked(store, jobs)]


def _asked(store: Store, jobs: Iterable[str] | None) -> Sequence[SweepRecord]:
    if jobs is None:
        return newest_sweeps(store)
    sql = "SELECT DISTINCT trial.sweep FROM json_each(?) AS wanted JOIN trial ON trial.job = wanted.value"
    wanted = {row["sweep"] for row in store.read(sql, (json.dumps(list(jobs)),))}
    return [each for each in newest_sweeps(store) if each.id in wanted] if wanted else []


def _sweep(found: Seen) -> dict[str, Any]:
    listed, plan, results = found.listed, found.listed.plan, found.results
    points = max(LEAST, min(POINTS, MOST // max(len(listed.entries), 1)))
    return {
        "id": listed.sweep.id,
        "file": listed.sweep.file,
        "created": listed.sweep.created,
        "method": plan.sweep.method,
        "metric": plan.metric,
        "goal": plan.goal,
        "pruner": listed.pruner,
        "states": dict(listed.states),
        "objectives": [{"name": name, "goal": goal} for name, goal in objectives(plan)],
        "front": [{"trial": each, "values": list(results.outcomes[each])} for each in results.front],
        "best": _valued(results, results.best),
        "better": _valued(results, results.better),
        "outside": "".join(outside(plan, listed.trials, learns=False)),
        "evidence": evidence.afterwards(found.evidence, plan.sweep.method),
        "improvements": [asdict(each) for each in found.improvements],
        "parameters": {
            each.name: {"distribution": each.distribution.name, "fields": dict(each.distribution.fields)}
            for each in plan.parameters
        },
        "importance": importance(found),
        "bands": objects_of_bands(found.bands),
        "saved": _saved(found),
        "trials": [_trial(plan, each, points) for each in listed.entries],
    }


def _valued(results: Results, trial: Trial | None) -> dict[str, Any] | None:
    return {"trial": trial.number, "value": value_of(results, results.entry(trial))} if trial else None


def importance(found: Seen) -> dict[str, Any]:
    """What mattered, as at the end of `exp-queue sweep`, and a sentence that says how much that is worth."""
    shares = [[name, share] for name, share in found.results.importance or ()]
    missing = not find_spec("optuna")
    plan = found.listed.plan
    trials = 0 if missing or not found.listed.exact else len(counted(plan.parameters, plan.goal, found.listed.trials))
    sentence = _rests_on(trials) if shares else _why_not(found, trials, missing=missing)
    return {"shares": shares, "trials": trials, "sentence": sentence}


def _rests_on(trials: int) -> str:
    return (
        f"By {plural(trials, 'trial')} that ended well, by PED-ANOVA: how differently each parameter is spread among the best "
        "tenth. Parameters that act only together are underrated; a few dozen trials give a hint, no proof."
    )


def _why_not(found: Seen, trials: int, *, missing: bool) -> str:
    if not found.listed.plan.metric:
        return "The sweep has no metric, so nothing can be said about what mattered."
    if not found.listed.exact:
        return "The sweep was begun before its space was kept, so nothing can be said about what mattered."
    if missing:
        return "Optuna, which computes this, is not installed: `pip install 'exp-queue[sweeps]'`, then make this page again."
    if trials < FEWEST:
        return f"It needs {FEWEST} trials that ended well with a value of the metric, and there {_are(trials)}."
    return f"{plural(trials, 'trial')} ended well, and nothing tells them apart: all have one value, or no parameter varies."


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count or 'none'}"


def _saved(found: Seen) -> dict[str, Any] | None:
    saved = found.results.saved
    if not saved or not saved.stopped:
        return None
    return {"stopped": saved.stopped, "rows": saved.rows, "share": saved.share, "sentence": saved_line(saved)}


def _trial(plan: SweepPlan, entry: Entry, points: int) -> dict[str, Any]:
    record = entry.record
    shown = curve(_series(record.history), points)
    told = record.verdict if record.state in (State.STOPPED_EARLY, State.STOPPING) else None
    return {
        "number": record.number,
        "run": entry.job,
        "state": str(record.state),
        "count": len(record.history),
        "rows": shown.pop("at"),
        **{name: values for name, values in shown.items() if name != "odd"},
        **({"outside": how_outside(plan, entry.trial)} if entry.trial.outside else {}),
        **({"verdict": json.loads(told)} if told else {}),
    }


def _series(rows: Sequence[float]) -> Series:
    points = tuple(Point(row, None, value, value, value) for row, value in enumerate(rows, 1))
    return Series(len(rows), 0, rows[-1] if rows else 0.0, curve=points)
