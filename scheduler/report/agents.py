"""W&B's agents, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scheduler.actions.agents import Agent, Served

_STANDS = {
    "PAUSED": "paused, by `wandb sweep --pause`: no agent gets another trial; `wandb sweep --resume {name}` ends that",
    "FINISHED": "over: it asks no other points",
    "CANCELED": "cancelled, by `wandb sweep --cancel`",
}


def there(found: Sequence[Agent], trials: Mapping[str, int]) -> list[str]:
    """Who computes what. `trials`: their numbers, by the short id of the job."""
    shown = [_state(each, trials) for each in found]
    return [f"agents: {'; '.join(shown)}; `exp-queue cancel {found[-1].name}` sends one home"] if shown else []


def stands(found: Served | None) -> list[str]:
    """What keeps a sweep of our own server from asking further points: its agents wait, or were sent home, and say nothing."""
    return [f"the sweep is {_STANDS[found.state].format(name=found.name)}"] if found and found.state in _STANDS else []


def _state(agent: Agent, trials: Mapping[str, int]) -> str:
    where = f" on {agent.host}" if agent.host else ""
    doing = " and ".join(f"trial {trials[job]}" if job in trials else f"job {job}" for job in agent.jobs)
    if agent.leaves:
        return f"{agent.name}{where} goes home after {doing}"
    return f"{agent.name}{where} {f'computes {doing}' if doing else 'waits for a trial'}"


def sent_home(found: Sequence[Agent]) -> list[str]:
    """What becomes of agents that were sent home."""
    return [_going(each) for each in found]


def _going(agent: Agent) -> str:
    if not agent.jobs:
        return f"{agent.name} goes home at its next heartbeat, within five seconds; the others go on"
    jobs = " ".join(agent.jobs)
    return f"{agent.name} goes home when job {jobs} is over, and takes no other; `exp-queue cancel {jobs}` stops that as well"


def objects(found: Sequence[Agent]) -> list[dict[str, Any]]:
    """For programs."""
    return [{**asdict(each), "jobs": list(each.jobs)} for each in found]
