"""The agents of a sweep, and what each is told at its next heartbeat. Pure but for the time, which is handed in.

An agent asks every five seconds. It is told of runs to stop; without a run it gets the next one that has a seat, or is sent home
when the sweep is over. What it is told may be lost on the way, with the server that has said it: then the run is offered again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from scheduler.values import dataclass
from scheduler.wandb_server.posts import Told

PRESENT = 12.0  # seconds since its last heartbeat in which an agent counts as there
BUSY = 60.0  # the same of one that has a run: it may be slow to ask
MISSES = 3  # as often an agent may say that it has not got a run: a function that ends before `wandb.init` says the same

Command = dict[str, Any]
EXIT: Command = {"type": "exit"}


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
    host: str = ""  # where it has registered

    def is_there(self, now: float) -> bool:
        return now - self.seen < (BUSY if self.runs else PRESENT)


@dataclass
class Agents:
    """Those of one sweep. `program`: what the command of the client calls by this name; `home`: the ids of those that go home
    when they have no run any more, while the others go on."""

    program: str = ""
    agents: dict[str, Agent] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    is_over: bool = False  # no further run will come
    home: set[str] = field(default_factory=set)

    def present(self, now: float) -> int:
        """How many can have a run, or have one."""
        return sum(each.is_there(now) for each in self.agents.values() if each.runs or each.id not in self.home)

    def arrives(self, agent: str, now: float, host: str = "") -> None:
        self.agents[agent] = Agent(agent, now, host=host)

    def beat(self, agent: str, runs: Iterable[str], now: float) -> set[str]:
        """An agent says which runs it has; returns those that it had and has no more."""
        each = self.agents.setdefault(agent, Agent(agent, now))
        gone = each.runs - set(runs)
        each.seen, each.runs = now, set(runs)
        return gone

    def had(self, agent: str, run: str, now: float) -> None:
        """What another server of this queue has written down: it has given the run to this agent."""
        self.agents.setdefault(agent, Agent(agent, now)).runs.add(run)

    def told(self, agent: str, is_stopped: Callable[[str], bool], sits: Callable[[str], bool]) -> list[Command]:
        """What this agent is to be told; nothing: it is to ask again. A run that it is told of is its own with `gives`. `sits`:
        whether there is anybody in the seat of an offer, yet or still."""
        each = self.agents[agent]
        if each.runs:
            return stops(each.runs, is_stopped)
        if agent in self.home:
            return [EXIT]
        if offer := next((each for each in self.offers if sits(each.run)), None):
            return [self._run(offer)]
        return [EXIT] if self.is_over else []

    def gives(self, agent: str, run: str) -> None:
        """It is written down that the agent has this run, which is no offer any more."""
        self.withdraw(run)
        self.agents[agent].runs = {run}

    def offer(self, offer: Offer) -> None:
        self.withdraw(offer.run)
        if not self.is_over:
            self.offers.append(offer)

    def end(self) -> None:
        """No further run will come."""
        self.is_over, self.offers = True, []

    def withdraw(self, run: str) -> None:
        """It is over, or somebody has it."""
        self.offers = [each for each in self.offers if each.run != run]

    def _run(self, offer: Offer) -> Command:
        values = {name: {"value": value} for name, value in offer.config.items()}
        return {"type": "run", "run_id": offer.run, "program": self.program, "args": values}


def stops(runs: Iterable[str], is_stopped: Callable[[str], bool]) -> list[Command]:
    """Those of an agent's runs that it is to stop."""
    return [{"type": "stop", "run_id": run} for run in sorted(runs) if is_stopped(run)]


def never_got(told: Told, *, has_entered: bool) -> bool:
    """Whether an agent that says that it has not got a run has never heard of it: then somebody else may have it. `has_entered`:
    whether its command has begun."""
    return not told.name and not has_entered and told.misses < MISSES
