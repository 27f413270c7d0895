"""What a model of the search space is told about a trial: its objective, in the manner of W&B's method bayes. Pure.

https://docs.wandb.ai/guides/sweeps/sweep-config-keys#metric
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from scheduler.goals import MINIMIZE, opposite
from scheduler.queue.states import ENDED, SUCCEEDED, State
from scheduler.sweeps.trials import Trial, best_of
from scheduler.values import dataclass

Values = tuple[float, ...]  # one for each objective


class Told(Protocol):
    """What a model is told about trials: one value for each of `goals`."""

    @property
    def goals(self) -> tuple[str, ...]: ...

    def values(self, trial: Trial, worst: Values | None) -> Values | None:
        """Those of a trial, given the worst of all ended ones; None: there are none, or not yet."""

    def worst(self, trial: Trial) -> Values | None:
        """The worst that an ended trial has to show."""


@dataclass(frozen=True)
class Objective:
    """The rule that makes one number of a trial.

    `impute` stands in where an ended trial has none of its own, or failed: the "worst" of all ended trials, or the trial's
    own "best" or "latest" value. `while_running` does the same for running trials; None leaves them open.
    """

    goal: str = MINIMIZE
    impute: str = "worst"
    while_running: str | None = None

    def of(self, trial: Trial, worst: float | None) -> float | None:
        """The number for a trial, given the worst value of all ended ones; None: there is none, or not yet.

        A trial that ended well counts with its best value over rows and summary, also one stopped early. Where nothing
        has ended with a value yet, W&B imputes 0, which may well be the best of all; here the trial is left out.
        """
        if trial.state not in ENDED:
            return self._imputed(trial, self.while_running, worst)
        if trial.state == State.SKIPPED or (trial.state == State.CANCELLED and not trial.logged):
            return None  # its point was never tried
        own = trial.best(self.goal) if trial.state in SUCCEEDED else None
        return self._imputed(trial, self.impute, worst) if own is None else own

    def _imputed(self, trial: Trial, how: str | None, worst: float | None) -> float | None:
        if how == "worst":
            return worst
        if how == "latest":
            return trial.rows[-1] if trial.rows else None
        return trial.best(self.goal) if how == "best" else None

    @property
    def goals(self) -> tuple[str, ...]:
        return (self.goal,)

    def values(self, trial: Trial, worst: Values | None) -> Values | None:
        found = self.of(trial, worst[0] if worst else None)
        return None if found is None else (found,)

    def worst(self, trial: Trial) -> Values | None:
        found = trial.worst(self.goal)
        return None if found is None else (found,)


@dataclass(frozen=True)
class Objectives:
    """The rule for several objectives. The values of a trial belong to one row (see `Trial.outcome`), or no such model was ever
    there. A trial that has ended and has no such row, or failed, counts with the worst of each."""

    goals: tuple[str, ...]

    def values(self, trial: Trial, worst: Values | None) -> Values | None:
        if trial.state not in ENDED or trial.state == State.SKIPPED or (trial.state == State.CANCELLED and not trial.rows):
            return None
        own = trial.outcome(self.goals[0]) if trial.state in SUCCEEDED else None
        return worst if own is None else own

    def worst(self, trial: Trial) -> Values | None:
        return trial.outcome(self.goals[0])


def worst_of(goals: tuple[str, ...], found: Iterable[Values]) -> Values | None:
    """The worst of each objective; None of nothing."""
    columns = zip(*found, strict=True)
    worst = (best_of(opposite(goal), column) for goal, column in zip(goals, columns, strict=False))
    return tuple(value for value in worst if value is not None) or None
