"""Sweeps and their agents, as `wandb sweep`, `wandb agent` and `wandb.agent` speak of them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from scheduler.wandb_server.desk import ENTITY, PROJECT, Desk
from scheduler.wandb_server.graphql import Asked, Refused
from scheduler.wandb_server.sweep_records import Record

_STATES = ("PENDING", "RUNNING", "PAUSED", "FINISHED", "CANCELED")


def upsert(desk: Desk, asked: Asked) -> dict[str, Any]:
    """A new sweep, or another state of one."""
    identity, state = asked.text("id"), asked.text("state")
    if identity:
        record = _found(desk, identity)
        if state in _STATES:
            record = desk.sweeps.wish(identity, state)
    else:
        entity, project = asked.text("entityName") or ENTITY, asked.text("projectName") or PROJECT
        record = desk.sweeps.make(entity, project, asked.text("config"))
        desk.say(f"sweep {record.id} of {entity}/{project}: `wandb agent {entity}/{project}/{record.id}` computes its runs")
    return {"upsertSweep": {"sweep": _node(desk, record), "configValidationWarnings": []}}


def _found(desk: Desk, identity: str) -> Record:
    record = desk.sweeps.get(identity)
    if record is None:
        raise Refused(f"there is no sweep {identity} here", 404)
    return record


def _node(desk: Desk, record: Record) -> dict[str, Any]:
    made = datetime.fromtimestamp(record.created, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return {
        "__typename": "Sweep",
        "id": record.id,
        "name": record.id,
        "displayName": None,
        "method": None,
        "description": None,
        "bestLoss": None,
        "state": record.state,
        "config": desk.sweeps.config_for_agents(record),
        "createdAt": made,
        "updatedAt": None,
        "heartbeatAt": made,
        "earlyStopJobRunning": False,
        "controller": None,
        "scheduler": None,
        "order": None,
        "priorRuns": None,
        "user": None,
        "runCount": 0,
        "runCountExpected": None,
        "runs": {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}},
        "project": {"id": record.project, "name": record.project, "entity": {"id": record.entity, "name": record.entity}},
    }


def sweep(desk: Desk, asked: Asked) -> dict[str, Any]:
    record = desk.sweeps.get(asked.text("sweep", "name"))
    entity, project = asked.text("entity") or ENTITY, asked.text("project") or PROJECT
    found = {"id": project, "name": project, "entity": {"id": entity, "name": entity}}
    return {"project": {**found, "sweep": _node(desk, record) if record else None}}


def agent(desk: Desk, asked: Asked) -> dict[str, Any]:
    record = _found(desk, asked.text("sweep"))
    return {"createAgent": {"agent": {"id": desk.sweeps.arrives(record.id, asked.text("host"))}}}


def heartbeat(desk: Desk, asked: Asked) -> dict[str, Any]:
    """404 where the sweep is gone, as the agents expect it."""
    try:
        state = json.loads(asked.text("runState") or "{}")
    except ValueError:
        state = {}
    runs = [run for run, there in state.items() if there] if isinstance(state, dict) else []
    commands = desk.sweeps.beat(asked.text("id"), runs)
    if commands is None:
        raise Refused("there is no such sweep any more", 404)
    return {"agentHeartbeat": {"agent": {"id": asked.text("id")}, "commands": json.dumps(commands)}}


OPERATIONS = {
    "UpsertSweep": upsert,
    "SweepWithRuns": sweep,
    "GetSweep": sweep,
    "GetSweepState": sweep,
    "GetSweepLegacy": sweep,
    "Sweep": sweep,
    "CreateAgent": agent,
    "Heartbeat": heartbeat,
}
