"""What our own commands ask the server of their queue: agents are known to it alone."""

from __future__ import annotations

import time
from typing import Any

from scheduler.errors import UserError
from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.graphql import Asked, Refused


def agents(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Those that are there, in the order in which they came."""
    _for_people(asked)
    now = time.monotonic()
    found = [
        {
            "id": agent.id,
            "sweep": record.id,
            "host": agent.host,
            "runs": sorted(agent.runs),
            "seconds": now - agent.seen,
            "leaves": leaves,
        }
        for record, agent, leaves in desk.sweeps.there()
    ]
    return {"agents": found}


def send_home(desk: Desk, asked: Asked) -> dict[str, Any]:
    _for_people(asked)
    desk.sweeps.dismiss(asked.text("id"))
    return {"sent": True}


def retry(desk: Desk, asked: Asked) -> dict[str, Any]:
    """`said`: what has become of the job, in a sentence."""
    _for_people(asked)
    with desk.store() as store:
        found = store.by_ids([asked.text("job")])
        if not found:
            raise UserError("there is no such job")
        return {"said": desk.sweeps.retry(store, found[0], lost=asked.variables.get("lost") is True)}


def _for_people(asked: Asked) -> None:
    """A job has a key of its own, for what it logs."""
    if asked.attempt:
        raise Refused("a job does not ask for this", 403)


OPERATIONS = {"ExpQueueAgents": agents, "ExpQueueSendHome": send_home, "ExpQueueRetry": retry}
