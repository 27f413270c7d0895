"""What stands in the queue already for an experiment that is asked for."""

from __future__ import annotations

from typing import NamedTuple

from scheduler.experiments import Experiment
from scheduler.queue.asks import AskTexts, asked_from
from scheduler.queue.states import State


class Latest(NamedTuple):  # and no dataclass: a file that is submitted again makes one for each of its experiments
    """The newest job of a key, by its number and id, how many the key has, what the job asks for, and what it keeps."""

    number: int
    job: str
    state: State
    many: int
    line: str  # its command line, as its row has it
    resources: str  # as its row has them
    policy: str
    slurm: str
    surroundings: int | None
    code: int | None
    file: str | None

    def asks_as(self, experiment: Experiment, texts: AskTexts) -> bool:
        """Whether the job asks for what the file says now."""
        if self.line != experiment.argv_as_json:
            return False
        asked = (experiment.resources, experiment.policy, experiment.slurm)
        written = (self.resources, self.policy, self.slurm)
        return written == texts(*asked) or asked_from(*written) == asked
