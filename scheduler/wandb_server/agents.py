"""The agents of a sweep, and what each is told at its next heartbeat. Pure but for the time, which is handed in.

An agent asks every five seconds. It is told of runs to stop; without a run it gets the next one that has a seat, or is sent home
when the sweep is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PRESENT = 12.0  # seconds since its last heartbeat in which an agent counts as there
BUSY = 60.0  # the same of one that has a run: it may be slow to ask

Command = dict[str, Any]


@dataclass(frozen=True)
class Offer:
    """A run whose seat waits for an agent. `config`: its point."""

    run: str
    config: Mapping[str, Any]


@dataclass
class Agent:
    id: str
    seen: float
    runs: set[str] = field(default_factory=set)  # that it says it has


@dataclass
class Agents:
    """Those of one sweep. `program`: what the command of the client calls by this name."""

    program: str = ""
    agents: dict[str, Agent] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    is_over: bool = False  # no further run will come

    def present(self, now: float) -> int:
        """How many can have a run, or have one."""
        return sum(now - each.seen < (BUSY if each.runs else PRESENT) for each in self.agents.values())

    def arrives(self, agent: str, now: float) -> None:
        self.agents[agent] = Agent(agent, now)

    def beat(self, agent: str, runs: Iterable[str], now: float) -> set[str]:
        """An agent says which runs it has; returns those that it had and has no more."""
        each = self.agents.setdefault(agent, Agent(agent, now))
        gone = each.runs - set(runs)
        each.seen, each.runs = now, set(runs)
        return gone

    def told(self, agent: str, is_stopped: Callable[[str], bool]) -> list[Command]:
        """What this agent is told; nothing: it is to ask again. An offer that it gets is no longer one."""
        each = self.agents[agent]
        stops = [{"type": "stop", "run_id": run} for run in sorted(each.runs) if is_stopped(run)]
        if stops or each.runs:
            return stops
        if self.offers:
            offer = self.offers.pop(0)
            each.runs = {offer.run}
            return [self._run(offer)]
        return [{"type": "exit"}] if self.is_over else []

    def offer(self, offer: Offer) -> None:
        self.withdraw(offer.run)
        self.offers.append(offer)

    def withdraw(self, run: str) -> None:
        """It is over, or somebody has it."""
        self.offers = [each for each in self.offers if each.run != run]

    def _run(self, offer: Offer) -> Command:
        values = {name: {"value": value} for name, value in offer.config.items()}
        return {"type": "run", "run_id": offer.run, "program": self.program, "args": values}
