"""What stands in the queue already for an experiment that is asked for."""

from __future__ import annotations

from scheduler.experiments import Experiment, Policy, Resources
from scheduler.queue.asks import command_as_json
from scheduler.queue.states import State
from scheduler.values import dataclass


@dataclass(frozen=True)
class Latest:
    """The newest job of a key, by its number and id, how many the key has, and what the job asks for."""

    number: int
    job: str
    state: State
    count: int
    asks: tuple[str, Resources, Policy]  # with its command line, as JSON

    def asks_as(self, experiment: Experiment) -> bool:
        """Whether the job asks for what the file says now."""
        return self.asks == (command_as_json(experiment.argv), experiment.resources, experiment.policy)
