"""The list of runs: all but what is long of any of them. A run is a job with its latest attempt.

    {"format": 1, "made": 1700000000.0, "host": "desk",
     "metrics": ["loss", ...],        # those that have a curve in any run, in the order of their first appearance
     "goals": {"loss": "minimize"},   # of each metric; "guessed": [...] are those of which only the name says so
     "parameters": ["lr", ...],       # dotted names, in the same order
     "runs": [{"id": ..., "name": ..., "state": ..., ..., "config": {"lr": 0.1}, "last": {"loss": 0.3},
               "first": {"loss": 2.0}, "low": {"loss": 0.1}, "high": {...}, "gpus": 1, "failures": 0,
               "sweep": "a1b2c3d4" or None, "trial": 3 or None,
               "media": True}, ...]}     # whether it has shown anything beside numbers: `media.py`

The keys of a run are FACTS and those above. Whole numbers of a configuration that no browser holds exactly are texts. The best
come first, as `compare` has them.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.actions.columns import FACTS as VALUES
from scheduler.actions.columns import Vocabulary
from scheduler.actions.compare import ordered
from scheduler.actions.compared import Compared
from scheduler.actions.exports.texts import standard
from scheduler.actions.system import uses
from scheduler.queue.store import Store
from scheduler.tracking.logged import EXACT
from scheduler.tracking.system_use import SystemUse
from scheduler.web.documents.media import has_shown

FORMAT = 1
FACTS = (
    *("id", "name", "state", "group", "note", "attempt", "exit_status", "reason", "submitted", "started", "ended", "duration"),
    *("gpu", "gpu_model", "rows", "step", "source", "objective", "best", "best_at", "command", "cwd", "file", "program"),
    *("code", "commit", "priority"),
)
USED = ("gpu_use", "gpu_memory_peak", "cpu_use", "memory_peak", "energy_wh")  # as SystemUse has them


def document(store: Store, everyone: Sequence[Compared]) -> dict[str, Any]:
    """The answer, of these jobs."""
    return {**frame(everyone), "runs": rows(store, in_order(everyone))}


def frame(everyone: Sequence[Compared]) -> dict[str, Any]:
    """All of the answer but the runs."""
    known = Vocabulary.of(everyone)
    return {
        "format": FORMAT,
        "made": time.time(),
        "host": socket.gethostname(),
        "metrics": list(known.numbers),
        "goals": {name: known.goal(name) for name in known.numbers},
        "guessed": [name for name in known.numbers if name not in known.goals],
        "parameters": list(known.parameters),
    }


def in_order(everyone: Sequence[Compared]) -> list[Compared]:
    """The best first."""
    return ordered(everyone, Vocabulary.of(everyone), None)


def rows(store: Store, everyone: Sequence[Compared]) -> list[dict[str, Any]]:
    """The runs alone, in this order."""
    places = _places(store, everyone)
    used = uses(store, (each.attempt for each in everyone if each.attempt))
    return [_row(each, places.get(each.job.id), used.get(each.attempt.name) if each.attempt else None) for each in everyone]


def _row(each: Compared, place: tuple[str, int] | None, used: SystemUse | None) -> dict[str, Any]:
    series, facts = each.logged.series.items(), {name: VALUES[name](each) for name in FACTS}
    return standard(
        {
            **{name: value for name, value in facts.items() if value is not None},
            "number": each.job.number,
            "tags": list(each.job.tags),
            "paused": each.pause.since is not None,
            "failures": each.job.failures,
            "gpus": each.job.resources.gpus or 0,
            "goal": each.objective.goal if each.objective else None,
            "config": exact(each.config),
            "last": dict(each.logged.last),
            "first": {name: one.first for name, one in series if one.first is not None},
            "low": {name: one.low for name, one in series if one.low is not None},
            "high": {name: one.high for name, one in series if one.high is not None},
            "used": {name: value for name in USED if (value := getattr(used, name)) is not None} if used else {},
            "sweep": place[0] if place else None,
            "trial": place[1] if place else None,
            "media": bool(each.attempt and has_shown(each.attempt)),
        }
    )


def exact(value: Any) -> Any:
    """A value of a configuration as a browser reads it: its whole numbers end at EXACT, and a seed beyond stands as a text.

    >>> exact({"seed": 12345678901234567890, "sizes": [1, -(1 << 60)], "lr": 0.1, "fast": True})
    {'seed': '12345678901234567890', 'sizes': [1, '-1152921504606846976'], 'lr': 0.1, 'fast': True}
    """
    if isinstance(value, Mapping):
        return {name: exact(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(each) for each in value]
    return str(value) if isinstance(value, int) and abs(value) > EXACT else value


def _places(store: Store, everyone: Sequence[Compared]) -> Mapping[str, tuple[str, int]]:
    """The sweep and the number of those that are trials, by job id."""
    sql = "SELECT trial.job, trial.sweep, trial.number FROM json_each(?) AS wanted JOIN trial ON trial.job = wanted.value"
    found = store.read(sql, (json.dumps([each.job.id for each in everyone]),))
    return {row["job"]: (row["sweep"], row["number"]) for row in found}
