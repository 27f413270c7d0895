"""The rows of new jobs: what those of a file share is worked out and bound once, and one statement writes many.

To bind 17 values for each row was a quarter of the work; and a statement of many rows can run aside, since SQLite needs no
interpreter within it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from scheduler.experiments import Experiment
from scheduler.queue.asks import AskTexts
from scheduler.values import dataclass

Keeps = tuple[int | None, int | None]  # the numbers of what a job keeps of the environment, and of its program's code
Kept = Callable[[Experiment], Keeps]
MOST = 1000  # rows of a statement: 5 values for each, and SQLite takes 32,766

_SHARED = "cwd, file, submitted, group_name, resources, policy, slurm, priority, environment, surroundings, code"
_OWN = "id, key, experiment, argv, arguments"
_SHARES, _OWNS = len(_SHARED.split()), len(_OWN.split())


@dataclass(frozen=True)
class Run:
    """New jobs in a row that share what `shared` says; the others' values stand in `own`, one job's after the other's."""

    shared: tuple
    own: list[str]


def runs_of(experiments: Mapping[str, Experiment], ids: Mapping[str, str], kept: Kept, common: tuple) -> list[Run]:
    """The rows of these experiments by their keys, in order. `common`: the first of the shared columns, the same for all."""
    found: list[Run] = []
    texts = AskTexts()
    before: Experiment | None = None
    keeps: Keeps = (None, None)
    for key, each in experiments.items():
        keeps_now = kept(each)
        if before is None or keeps_now != keeps or not _asks_alike(each, before):
            asks = (*texts(each.resources, each.policy, each.slurm), each.policy.priority, each.environment)
            found.append(Run((*common, each.group, *asks, *keeps_now), []))
            before, keeps = each, keeps_now
        found[-1].own.extend((ids[key], key, each.id, each.argv_as_json, each.arguments))
    return found


def _asks_alike(one: Experiment, other: Experiment) -> bool:
    """Whether they share their texts. Those of a file share the values too, which are not compared."""
    return (
        one.resources is other.resources
        and one.policy is other.policy
        and one.slurm is other.slurm
        and one.group == other.group
        and one.environment == other.environment
    )


def write(connection: sqlite3.Connection, runs: Sequence[Run], first: int) -> None:
    """The rows and their events. `first`: the number that the first of them gets, and none has yet."""
    size = MOST * _OWNS
    for run in runs:
        for start in range(0, len(run.own), size):
            own = run.own[start : start + size]
            connection.execute(_inserting(len(own) // _OWNS), (*run.shared, *own))
    connection.execute(
        "INSERT INTO event (job, at, state, detail) "
        "SELECT id, submitted, state, 'submitted' FROM job WHERE number >= ? ORDER BY number",
        (first,),
    )


@lru_cache(maxsize=8)
def _inserting(rows: int) -> str:
    """SQL for so many rows. Their number is the next that is free: SQLite gives it without a look for another's."""
    shared = ", ".join(f"?{number}" for number in range(1, _SHARES + 1))
    row = f"({shared}, {', '.join('?' * _OWNS)}, 'queued')"
    return f"INSERT INTO job ({_SHARED}, {_OWN}, state) VALUES {', '.join([row] * rows)}"  # noqa: S608 (words of ours)
