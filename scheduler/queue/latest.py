"""What stands in the queue already for an experiment that is asked for."""

from __future__ import annotations

from scheduler.experiments import Experiment
from scheduler.queue.asks import AskTexts, asked_from, command_as_json
from scheduler.queue.states import State
from scheduler.values import dataclass


@dataclass(frozen=True)
class Latest:
    """The newest job of a key, by its number and id, how many the key has, and what the job asks for."""

    number: int
    job: str
    state: State
    count: int
    line: str  # its command line, as its row has it
    asks: tuple[str, str, str]  # its resources, its policy and its wishes about Slurm, as its row has them

    def asks_as(self, experiment: Experiment, texts: AskTexts) -> bool:
        """Whether the job asks for what the file says now."""
        if self.line != command_as_json(experiment.argv):
            return False
        asked = (experiment.resources, experiment.policy, experiment.slurm)
        return self.asks == texts(*asked) or asked_from(*self.asks) == asked
