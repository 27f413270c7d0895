"""What `wandb.Api()` reads: the runs of a project, and one run."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any

from scheduler.wandb_server.desk import ENTITY, PROJECT, Desk
from scheduler.wandb_server.filters import in_order, passes
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.graphql import Asked, Refused
from scheduler.wandb_server.operations.runs import bucket, run_named
from scheduler.wandb_server.posts import Told


def _state(desk: Desk, told: Told) -> str:
    if told.exit_status is None:
        return "crashed" if told.gone or desk.is_left(told) else "running"
    return "finished" if told.exit_status == 0 else "failed"


def _node(desk: Desk, run: RunId, told: Told) -> dict[str, Any]:
    posts = desk.runs.folder(run).posts.stat()
    made = time_text(desk.runs.began(run, told))
    return {
        **bucket(run, told),
        "projectId": _number(run.project),
        "state": _state(desk, told),
        "commit": told.commit,
        "readOnly": False,
        "createdAt": made,
        "heartbeatAt": time_text(posts.st_mtime),
        "systemMetrics": json.dumps(told.last_event),
        "user": {"name": ENTITY, "username": ENTITY},
        "historyKeys": {"keys": {name: {} for name in told.last_row}, "sets": [], "lastStep": told.last_row.get("_step", -1)},
    }


def _number(project: str) -> int:
    """Of a project, as the client wants it; the same at every look."""
    return int.from_bytes(hashlib.sha256(project.encode()).digest()[:4], "big")


def time_text(seconds: float) -> str:
    """A moment in seconds since 1970, as W&B writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def runs(desk: Desk, asked: Asked) -> dict[str, Any]:
    """A page of the runs of a project that a filter leaves, in the order that is wanted; the oldest first where none is."""
    entity, project = asked.text("entity") or ENTITY, asked.text("project") or PROJECT
    found = _chosen(desk, entity, project, asked)
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


def _chosen(desk: Desk, entity: str, project: str, asked: Asked) -> list[dict[str, Any]]:
    """What is told of each of those runs."""
    try:
        filters = json.loads(asked.text("filters") or "{}")
    except ValueError:
        raise Refused("the filter is no JSON") from None
    order = asked.text("order") or "+created_at"
    every = [(_node(desk, run, told), told) for run, told in desk.runs.of_project(entity, project)]
    found = [each for each in every if passes(each[0], each[1], filters or {})]
    if order.lstrip("+-") in ("created_at", "createdAt"):  # by which they come
        return [node for node, _ in (reversed(found) if order.startswith("-") else found)]
    return [node for node, _ in in_order(found, order)]


def run(desk: Desk, asked: Asked) -> dict[str, Any]:
    """One run; null where there is none."""
    wanted = run_named(asked, asked.text("name", "run"))
    told = desk.runs.told(wanted)
    return {"project": {"internalId": _number(wanted.project), "run": _node(desk, wanted, told) if told else None}}


def state(desk: Desk, asked: Asked) -> dict[str, Any]:
    return run(desk, asked)


OPERATIONS = {
    "Runs": runs,
    "Run": run,
    "RunState": state,
    "QueryRunInfo": run,
    "LightweightRun": run,
}
