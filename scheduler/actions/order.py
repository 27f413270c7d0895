"""When the jobs of a file have their turn: what a person says of it beside the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from scheduler.experiments import ExperimentFile


@dataclass(frozen=True)
class Order:
    """None, and no words: as the file says."""

    priority: int | None = None
    begin: float | None = None  # not before, in seconds since 1970

    def on(self, plan: ExperimentFile) -> ExperimentFile:
        """The file, with what its jobs keep of these wishes as their policy."""
        wishes: dict[str, Any] = {"priority": self.priority}
        return replace(plan, policy=replace(plan.policy, **{name: value for name, value in wishes.items() if value is not None}))


UNSAID = Order()
