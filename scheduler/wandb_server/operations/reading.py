"""What `wandb.Api()` reads: runs of a project, a run, its rows."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any

from scheduler.wandb_server.desk import ENTITY, PROJECT, Desk
from scheduler.wandb_server.folders import Posts, RunId
from scheduler.wandb_server.graphql import Asked
from scheduler.wandb_server.operations.runs import bucket, run_named
from scheduler.wandb_server.posts import Told

MOST_ROWS = 10_000  # in one answer


def _state(told: Told) -> str:
    if told.exit_status is None:
        return "crashed" if told.gone else "running"
    return "finished" if told.exit_status == 0 else "failed"


def _node(desk: Desk, run: RunId, told: Told) -> dict[str, Any]:
    posts = desk.runs.folder(run).posts.stat()
    made = _time(desk.runs.folder(run).path.stat().st_ctime)
    return {
        **bucket(run, told),
        "projectId": _number(run.project),
        "state": _state(told),
        "commit": told.commit,
        "readOnly": False,
        "createdAt": made,
        "heartbeatAt": _time(posts.st_mtime),
        "systemMetrics": json.dumps(told.last_event),
        "user": {"name": ENTITY, "username": ENTITY},
        "historyKeys": {"keys": {name: {} for name in told.last_row}, "sets": [], "lastStep": told.last_row.get("_step", -1)},
    }


def _number(project: str) -> int:
    """Of a project, as the client wants it; the same at every look."""
    return int.from_bytes(hashlib.sha256(project.encode()).digest()[:4], "big")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def runs(desk: Desk, asked: Asked) -> dict[str, Any]:
    """A page of the runs of a project, the oldest first. Filters are the client's own to apply: all runs are told."""
    entity, project = asked.text("entity") or ENTITY, asked.text("project") or PROJECT
    found = [_node(desk, run, told) for run, told in desk.runs.of_project(entity, project)]
    first, count = int(asked.text("cursor") or 0), int(asked.variables.get("perPage") or 50)
    some = [{"node": node, "cursor": str(first + place + 1)} for place, node in enumerate(found[first : first + count])]
    end = first + len(some)
    page = {"endCursor": str(end), "hasNextPage": end < len(found)}
    return {
        "project": {
            "internalId": _number(project),
            "readOnly": False,
            "runCount": len(found),
            "runs": {"edges": some, "pageInfo": page},
        }
    }


def run(desk: Desk, asked: Asked) -> dict[str, Any]:
    """One run; null where there is none."""
    wanted = run_named(asked, asked.text("name", "run"))
    told = desk.runs.told(wanted)
    return {"project": {"internalId": _number(wanted.project), "run": _node(desk, wanted, told) if told else None}}


def history(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The rows of a run between two steps, as texts of JSON."""
    wanted = run_named(asked, asked.text("run"))
    least, most = int(asked.variables.get("minStep") or 0), int(asked.variables.get("maxStep") or 1 << 62)
    found = [json.dumps(row) for row in _rows(desk, wanted) if least <= int(row.get("_step", 0)) < most]
    return {"project": {"run": {"history": found[: int(asked.variables.get("pageSize") or MOST_ROWS)]}}}


def sampled(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Rows with the keys of a specification, all that there are up to its number of samples."""
    spec = json.loads(asked.text("spec") or "{}")
    keys, count = spec.get("keys") or [], int(spec.get("samples") or 500)
    rows = [row for row in _rows(desk, run_named(asked, asked.text("run"))) if all(key in row for key in keys)]
    thin = rows[:: max(1, -(-len(rows) // max(1, count)))]
    return {"project": {"run": {"sampledHistory": [[{key: row.get(key) for key in (keys or row)} for row in thin]]}}}


def _rows(desk: Desk, wanted: RunId) -> list[dict[str, Any]]:
    told, found = Told(), []
    for post in Posts(desk.runs.folder(wanted).posts).read():
        found += [dict(row) for row in told.take(post).rows]
    return found


def state(desk: Desk, asked: Asked) -> dict[str, Any]:
    return run(desk, asked)


OPERATIONS = {
    "Runs": runs,
    "Run": run,
    "RunState": state,
    "QueryRunInfo": run,
    "LightweightRun": run,
    "HistoryPage": history,
    "SampledHistoryPage": sampled,
}
