"""What stands in the queue already for an experiment that is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from scheduler.experiments import Experiment
from scheduler.queue.asks import AskTexts, asked_from
from scheduler.queue.states import State

_STATES = {state.value: state for state in State}  # asked for each row: looking it up in the enumeration takes longer


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


def latest_of(read: Callable[[str, tuple[str]], Iterable[Any]], keys: Iterable[str]) -> dict[str, Latest]:
    """The newest job of each key that has one. `read`: answers a query with its rows."""
    sql = """SELECT key, max(number), id, state, count(*), argv, resources, policy, slurm, surroundings, code, file
             FROM job
             WHERE key IN (SELECT value FROM json_each(?)) GROUP BY key"""  # all are those of the largest number
    rows = read(sql, (json.dumps(list(keys)),))
    return {key: Latest(number, job, _STATES[state], *others) for key, number, job, state, *others in rows}
