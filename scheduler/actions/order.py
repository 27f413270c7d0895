"""When the jobs of a file have their turn: what a person says of it beside the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scheduler.experiments import ExperimentFile
from scheduler.experiments.after import After
from scheduler.values import dataclass


@dataclass(frozen=True)
class Order:
    """None, and no words: as the file says."""

    priority: int | None = None
    begin: float | None = None  # not before, in seconds since 1970
    after: tuple[str, ...] | None = None  # selections of jobs; none of them: after nothing
    after_any: bool | None = None  # as in a policy, and so is the next
    after_failure: str | None = None

    def on(self, plan: ExperimentFile) -> ExperimentFile:
        """The file, with these wishes in the place of its own."""
        said: dict[str, Any] = {name: getattr(self, name) for name in ("priority", "after_any", "after_failure")}
        policy = replace(plan.policy, **{name: value for name, value in said.items() if value is not None})
        return replace(plan, policy=policy, after=plan.after if self.after is None else After(self.after))
