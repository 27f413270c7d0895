"""The rows of a run, as `Run.history` and `Run.scan_history` of several versions ask for them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.folders import Posts, RunId
from scheduler.wandb_server.graphql import Asked
from scheduler.wandb_server.operations.runs import run_named
from scheduler.wandb_server.posts import Told

MOST_ROWS = 10_000  # in one answer
SAMPLES = 500  # where nobody says how many

Row = Mapping[str, Any]


def _of(asked: Asked) -> RunId:
    return run_named(asked, asked.text("name", "run", "runName"))


def _answer(**found: Any) -> dict[str, Any]:
    return {"project": {"run": found}}


def page(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The rows between two steps, as texts of JSON."""
    least, most = int(asked.variables.get("minStep") or 0), int(asked.variables.get("maxStep") or 1 << 62)
    found = [json.dumps(row) for row in rows(desk, _of(asked)) if least <= int(row.get("_step", 0)) < most]
    return _answer(history=found[: int(asked.variables.get("pageSize") or MOST_ROWS)])


def full(desk: Desk, asked: Asked) -> dict[str, Any]:
    """All rows, or as many as are wanted of them, evenly; and those that the client has measured of its machine."""
    count = int(asked.variables.get("samples") or SAMPLES)
    told = _folded(desk, _of(asked))
    return _answer(
        history=[json.dumps(row) for row in thinned(told.rows, count)],
        events=[json.dumps(event) for event in thinned(told.events, count)],
    )


def sampled(desk: Desk, asked: Asked) -> dict[str, Any]:
    """For each specification the rows that have all its keys, as many as it wants."""
    given = asked.variables.get("specs")
    specs = [json.loads(each) for each in (given if isinstance(given, list) else [asked.text("spec") or "{}"])]
    every = rows(desk, _of(asked))
    return _answer(sampledHistory=[_sampled(every, spec) for spec in specs])


def _sampled(every: Sequence[Row], spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys = spec.get("keys") or []
    found = [row for row in every if all(key in row for key in keys)]
    return [{key: row.get(key) for key in (keys or row)} for row in thinned(found, int(spec.get("samples") or SAMPLES))]


def keys(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Which keys the rows have, and how many rows have each; as the client sorts them."""
    every = rows(desk, _of(asked))
    counts: dict[str, int] = {}
    for row in every:
        for name in row:
            counts[name] = counts.get(name, 0) + 1
    found = {name: {"monotonic": name == "_step", "typeCounts": [{"count": count}]} for name, count in counts.items()}
    return _answer(historyKeys={"keys": found, "sets": [], "lastStep": last_step(every)})


def live(desk: Desk, asked: Asked) -> dict[str, Any]:
    """`parquetHistory`: nothing was put into such files, and all rows are told."""
    return _answer(parquetHistory={"parquetUrls": [], "liveData": [dict(row) for row in rows(desk, _of(asked))]})


def last_step(every: Sequence[Row]) -> int:
    return int(every[-1].get("_step", len(every) - 1)) if every else -1


def thinned(every: Sequence[Row], count: int) -> Sequence[Row]:
    """At most so many, evenly."""
    return every[:: max(1, -(-len(every) // max(1, count)))]


class _Folded:
    """All rows and events of a run, as they are told."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.events: list[Row] = []


def _folded(desk: Desk, run: RunId) -> _Folded:
    told, found = Told(), _Folded()
    for post in Posts(desk.runs.folder(run).posts).read():
        news = told.take(post)
        found.rows += map(_as_told, news.rows)
        found.events += map(_as_told, news.events)
    return found


def _as_told(value: Any) -> Any:
    """The same without NaN and infinities, which JSON has not, and for which wandb 0.31 refuses all rows. W&B's server has their
    names in their place (https://github.com/wandb/sweeps/pull/32).

    >>> _as_told({"loss": float("nan"), "all": [1.5, {"worst": float("-inf")}]})
    {'loss': 'NaN', 'all': [1.5, {'worst': '-Infinity'}]}
    """
    if isinstance(value, dict):
        return {name: _as_told(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_told(each) for each in value]
    return value if not isinstance(value, float) or math.isfinite(value) else json.dumps(value)


def rows(desk: Desk, run: RunId) -> list[Row]:
    """All that a run has logged, in order."""
    return _folded(desk, run).rows


OPERATIONS = {
    "HistoryPage": page,
    "SampledHistoryPage": sampled,
    "RunFullHistory": full,
    "RunSampledHistory": sampled,
    "RunHistoryKeys": keys,
    "RunParquetHistory": live,
}
