"""A W&B server in memory, for what is asked of one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from scheduler.wandb_agent.account import Address
from scheduler.wandb_agent.server import Command, Found, Gone, Unanswered


@dataclass
class FakeServer:
    """It hands out `points`, one to each agent that asks without a run, and then sends them home. `beats`: what it has heard."""

    points: deque[dict[str, Any]] = field(default_factory=deque)
    stopped: set[str] = field(default_factory=set)
    beats: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    down: str = ""  # why it does not answer
    refused: int = 0  # how often it has not
    forever: bool = False  # more points may come
    _sweeps: dict[str, str] = field(default_factory=dict)
    _agents: dict[str, str] = field(default_factory=dict)
    _enlisted: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def register(self, config: str, entity: str, project: str) -> tuple[Address, Sequence[str]]:
        self._refuse()
        found = yaml.safe_load(config)
        sweep = f"s{len(self._sweeps)}"
        self._sweeps[sweep] = config
        self.points.extend({"lr": value} for value in found["parameters"]["lr"]["values"])
        return Address(entity or "local", project or "uncategorized", sweep), ()

    def sweep(self, address: Address) -> Found | None:
        self._refuse()
        found = self._sweeps.get(address.id)
        return Found(found, "RUNNING") if found else None

    def enlist(self, address: Address, host: str) -> str:
        self._refuse()
        if address.id not in self._sweeps:
            raise Gone
        self._enlisted += 1
        agent = f"{address.id}-{self._enlisted}"
        self._agents[agent] = address.id
        return agent

    def beat(self, agent: str, runs: Sequence[str]) -> Sequence[Command]:
        self._refuse()
        with self._lock:
            self.beats.append((agent, tuple(runs)))
            if self._agents.get(agent) not in self._sweeps:
                raise Gone
            if runs:
                return [{"type": "stop", "run_id": run} for run in runs if run in self.stopped]
            if not self.points:
                return [] if self.forever else [{"type": "exit"}]
            run = f"run{len(self.handed)}"
            self.handed.append(run)
            return [self.run(run, self.points.popleft())]

    def run(self, run: str, point: dict[str, Any], kind: str = "run") -> Command:
        return {"type": kind, "run_id": run, "program": "t.py", "args": {name: {"value": each} for name, each in point.items()}}

    def forget(self, agent: str) -> None:
        """This agent was never heard of."""
        with self._lock:
            del self._agents[agent]

    def delete(self, address: Address) -> None:
        """There is no such sweep any more."""
        with self._lock:
            del self._sweeps[address.id]

    def _refuse(self) -> None:
        if self.down:
            self.refused += 1
            raise Unanswered(self.down)
