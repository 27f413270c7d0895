"""W&B's agents that compute for sweeps of this queue's own server, as they are now: a live page alone asks for them.

    {SWEEP: [{"name": "agent:7f3a", "host": "gpu1", "jobs": ["0c9f11aa"], "leaves": false}, ...]}

`jobs`: the beginnings of the ids of the runs that one computes; `leaves`: it goes home after them.
"""

from __future__ import annotations

from typing import Any

from scheduler.actions.agents import Agent, agents, served_as
from scheduler.errors import UserError
from scheduler.queue.store import Store
from scheduler.queue.trials import newest_sweeps

PATIENCE = 2.0  # seconds for the server's answer: others wait to ask about the same queue


def document(store: Store) -> dict[str, list[dict[str, Any]]]:
    """The answer; without the server, or where it does not answer, there are none."""
    try:
        there = agents(store.home.root, PATIENCE)
    except UserError:
        return {}
    sweeps = {served_as(store.home.root, each): each.id for each in newest_sweeps(store)} if there else {}
    found: dict[str, list[dict[str, Any]]] = {}
    for each in there:
        if each.sweep in sweeps:
            found.setdefault(sweeps[each.sweep], []).append(_told(each))
    return found


def _told(agent: Agent) -> dict[str, Any]:
    return {"name": agent.name, "host": agent.host, "jobs": list(agent.jobs), "leaves": agent.leaves}
