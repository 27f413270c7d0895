"""What is known of the agents of one sweep at its server, and what the server's commands mean. Pure.

An agent is a name that the server gives. It says by its heartbeats which run it has; without one, it is given the next. So there
is an agent for each run at a time, and a heartbeat without a run is sent only where a run could start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from scheduler.values import dataclass

EVERY = 5.0  # seconds between two heartbeats of an agent, as W&B's own have it
LONGEST = 60.0  # seconds between two tries where the server does not answer
FINISHED = "the server has no more for us"
DELETED = "the sweep was deleted at the server"


@dataclass(frozen=True)
class Offer:
    """A run that the server wants computed. `again`: it was begun before and is to go on, as W&B has it of preempted ones."""

    run: str
    agent: str
    values: Mapping[str, Any]
    again: bool = False


@dataclass(frozen=True)
class Crew:
    """`agents`: the ids that the server has given. `runs`: whose each run is that is not over; "": of an agent yet to be
    registered. `past`: runs that are over. `stopped`: those that the server wants stopped. `end`: why it will give no more."""

    agents: tuple[str, ...] = ()
    runs: Mapping[str, str] = field(default_factory=dict)
    past: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    end: str = ""

    @property
    def idle(self) -> str:
        """An agent without a run; "" where there is none."""
        busy = set(self.runs.values())
        return next((each for each in self.agents if each not in busy), "")

    def of(self, agent: str) -> tuple[str, ...]:
        """The runs that it has."""
        return tuple(run for run, whose in self.runs.items() if whose == agent)

    def with_agent(self, agent: str, runs: Sequence[str] = ()) -> Crew:
        """The server has given this id, and it has these runs from now on."""
        known = self.agents if agent in self.agents or not agent else (*self.agents, agent)
        return replace(self, agents=known, runs={**self.runs, **dict.fromkeys(runs, agent)})

    def ended(self, run: str) -> Crew:
        """A run is over: its agent is free."""
        left = {each: agent for each, agent in self.runs.items() if each != run}
        return replace(self, runs=left, past=self.past | {run}, stopped=self.stopped - {run})

    def forgotten(self, agent: str) -> Crew:
        """The server knows the sweep and not this agent: what it has is another's, who is yet to be registered."""
        runs = {run: "" if whose == agent else whose for run, whose in self.runs.items()}
        return replace(self, agents=tuple(each for each in self.agents if each != agent), runs=runs)

    def deleted(self) -> Crew:
        """There is no such sweep any more."""
        return replace(self, end=DELETED)

    def told(self, agent: str, commands: Sequence[Mapping[str, Any]]) -> tuple[Crew, tuple[Offer, ...]]:
        """After a heartbeat of `agent` was answered with `commands`: what is known, and what is to be computed. No run is offered
        twice, but one that is over, where the server wants it to go on."""
        crew, offers = self, list[Offer]()
        for each in commands:
            kind, run = each.get("type"), str(each.get("run_id") or "")
            if kind == "exit":
                crew = replace(crew, end=crew.end or FINISHED, stopped=crew.stopped | set(crew.of(agent)))
            elif kind == "stop" and run in crew.runs:
                crew = replace(crew, stopped=crew.stopped | {run})
            elif run and run not in crew.runs and (kind == "resume" or (kind == "run" and run not in crew.past)):
                crew = replace(crew.with_agent(agent, [run]), past=crew.past - {run})
                offers.append(Offer(run, agent, _values(each.get("args")), again=kind == "resume"))
        return crew, tuple(offers)


def _values(args: Any) -> dict[str, Any]:
    given = args if isinstance(args, Mapping) else {}
    return {str(name): each.get("value") if isinstance(each, Mapping) else each for name, each in given.items()}


@dataclass(frozen=True, order=True)
class Beat:
    """A heartbeat that is due. `agent`: "" for one that is to be registered first. `asks`: it may be answered with a run."""

    agent: str
    runs: tuple[str, ...]

    @property
    def asks(self) -> bool:
        return not self.runs


def beats(crew: Crew, beaten: Mapping[str, float], every: float = EVERY, *, wanted: bool) -> Iterator[tuple[float, Beat]]:
    """The next heartbeat of every agent that has a run, and with `wanted` that of one who has none, each with the time at
    which it is due. `beaten`: when each agent's last one was answered. None of a sweep that is gone."""
    if crew.end == DELETED:
        return
    for agent in dict.fromkeys(crew.runs.values()):
        yield beaten.get(agent, -math.inf) + every, Beat(agent, crew.of(agent))
    if wanted and not crew.end:
        yield beaten.get(crew.idle, -math.inf) + every, Beat(crew.idle, ())


@dataclass(frozen=True)
class Line:
    """The way to the server: after how many tries in a row that were not answered, and when to try again."""

    failures: int = 0
    again_at: float = 0.0

    def failed(self, now: float, every: float = EVERY) -> Line:
        return Line(self.failures + 1, now + min(every * 2.0 ** min(self.failures, 10), LONGEST))
