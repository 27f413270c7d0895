"""The best of some jobs, and what to go on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from scheduler.actions.columns import Vocabulary, rank
from scheduler.actions.compare import varying
from scheduler.actions.compared import Compared, compared
from scheduler.actions.results import Sort
from scheduler.actions.trials import at_the_same_time
from scheduler.errors import UserError
from scheduler.queue.selection import select
from scheduler.queue.store import Store
from scheduler.sweeps.engine.budget import FAILED
from scheduler.sweeps.engine.checkpoints import Checkpoints, checkpoints, written_by
from scheduler.tracking.metric_log import Objective
from scheduler.values import dataclass

NAMED = 8  # metrics that a sentence lists


@dataclass(frozen=True)
class Winner:
    """One of the best jobs: the best value of the objective and the step where it was, and what tells it from the others."""

    compared: Compared
    objective: Objective
    value: float
    at: float
    config: Mapping[str, Any]
    checkpoints: Checkpoints = field(default_factory=Checkpoints)


@dataclass(frozen=True)
class Best:
    """The best first, those of several objectives one after the other. `guessed`: that nobody said which way is better. `of`: how
    many jobs there were."""

    winners: Sequence[Winner]
    of: int
    objectives: Sequence[Objective]
    guessed: bool = False


def best(store: Store, words: Sequence[str] = (), sort: Sort | None = None, count: int = 1) -> Best:
    """Of the jobs that `words` name, without words of all, the `count` best: those that failed are left out, and those that run
    count as far as they are. Without `sort` by their own objectives. UserError for a metric that none has."""
    everyone = compared(store, select(store, words or ["all"]))
    known = Vocabulary.of(everyone)
    objectives = _objectives(everyone, known, sort)
    differing = varying(everyone, known)
    found = [winner for objective in objectives for winner in _of(everyone, objective, differing, own=sort is None)[:count]]
    guessed = bool(sort and not sort.goal and sort.metric not in known.goals)
    return Best(_with_checkpoints(store, found), len(everyone), objectives, guessed)


def _objectives(everyone: Sequence[Compared], known: Vocabulary, sort: Sort | None) -> list[Objective]:
    if sort:
        if not everyone:
            return []
        metric = known.metric(sort.metric)
        return [Objective(metric, sort.goal or known.goal(metric))]
    found = list(dict.fromkeys(each.objective for each in everyone if each.objective))
    if known.numbers and not found:
        what = f"nobody has said by what these jobs are ranked; they log {', '.join(known.numbers[:NAMED])}"
        raise UserError(what, next_step=f"name one: -m {known.numbers[0]}:min")
    return found


def _of(everyone: Sequence[Compared], objective: Objective, differing: Sequence[str], *, own: bool) -> list[Winner]:
    found = []
    for each in everyone:
        value = each.best_of(objective.name, objective.goal)
        if value and each.job.state not in FAILED and (not own or each.objective == objective):
            shown = {name: each.config[name] for name in differing if name in each.config} or dict(each.config)
            found.append(Winner(each, objective, *value, shown))
    return sorted(found, key=lambda winner: rank(winner.value, objective.goal))


def _with_checkpoints(store: Store, winners: Sequence[Winner]) -> list[Winner]:
    attempts = [winner.compared.attempt for winner in winners if winner.compared.attempt]
    written = written_by(at_the_same_time(store, attempts))
    return [
        replace(winner, checkpoints=checkpoints(winner.compared.attempt, written)) if winner.compared.attempt else winner
        for winner in winners
    ]
