"""What a model of the search space is told about a trial: its objective, in the manner of W&B's method bayes. Pure.

https://docs.wandb.ai/guides/sweeps/sweep-config-keys#metric
"""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.goals import MINIMIZE
from scheduler.queue.states import ENDED, SUCCEEDED, State
from scheduler.sweeps.trials import Trial


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
