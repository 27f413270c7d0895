"""Which running trials to stop: by W&B's rule or i-Epoch, by one of Optuna's pruners, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scheduler.errors import UserError, nearest
from scheduler.goals import MINIMIZE
from scheduler.sweeps.files.early_terminate import IEPOCH, EarlyTerminate
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.stopping.hyperband import Bands
from scheduler.sweeps.stopping.rules import rule_of
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.trials import Trial

OPTUNA_PRUNERS = ("hyperband", "asha", "median")
PRUNERS = ("wandb", *OPTUNA_PRUNERS, IEPOCH, "none")


class Stopping(Protocol):
    """Asked after every row that arrives, with all trials of the sweep; says which of the running ones are to be stopped.

    A trial stays in the answers until it no longer runs. Trials may only be added and go on: a list that lacks one which
    was there before is another sweep, and wants another Stopping.
    """

    def verdicts(self, trials: Sequence[Trial]) -> Sequence[Verdict]: ...


class NoStopping:
    """Every trial runs to its end."""

    def verdicts(self, trials: Sequence[Trial]) -> Sequence[Verdict]:
        return ()


class WandbStopping:
    """W&B's rule or i-Epoch (see `hyperband`). Between two calls only the trials whose rows are new cost more than a look."""

    def __init__(self, rule: EarlyTerminate, goal: str, metric: str) -> None:
        self.bands, self.metric = Bands(rule, goal), metric
        self._seen: dict[int, Trial] = {}

    def verdicts(self, trials: Sequence[Trial]) -> Sequence[Verdict]:
        for trial in trials:
            if self._seen.get(trial.number) is not trial:
                self._seen[trial.number] = trial
                self.bands.tell(trial)
        judged = (self.bands.verdict(trial, self.metric) for trial in trials)
        return [verdict for verdict in judged if verdict is not None]


def open_stopping(sweep: Sweep, pruner: str = "wandb") -> Stopping:
    """The stopping that `--pruner` names; `wandb` is what the sweep file says, and nothing where it has no `early_terminate`. The
    fields of that are those of the other rules too, as far as they have them.

    Raises UserError for an unknown name, for a sweep without a metric, for a rule without bands, and without Optuna where
    one of its pruners is asked for.
    """
    if pruner not in PRUNERS:
        raise UserError(f'unknown pruner "{pruner}"', next_step=nearest(pruner, PRUNERS))
    rule = sweep.early_terminate
    if pruner == "none" or (pruner == "wandb" and rule is None):
        return NoStopping()
    if sweep.metric is None:
        what = "early stopping compares trials by a metric, and this sweep file names none"
        raise UserError(what, next_step="add metric: {name: ..., goal: minimize}, or stop none with --pruner none")
    name, goal = str(sweep.metric["name"]), str(sweep.metric.get("goal", MINIMIZE))
    compared = rule_of(rule, pruner)
    if compared is not None and pruner not in OPTUNA_PRUNERS:
        return WandbStopping(compared, goal, name)
    from scheduler.sweeps.stopping.optuna_pruning import OptunaStopping

    return OptunaStopping(pruner, goal, name, rule)
