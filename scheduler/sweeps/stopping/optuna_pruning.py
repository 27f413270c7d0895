"""Early stopping by Optuna's pruners. Imports Optuna when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from scheduler.errors import UserError
from scheduler.queue.states import ENDED, State
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.search.libraries import need
from scheduler.sweeps.stopping.hyperband import JUDGED, verdicts
from scheduler.sweeps.stopping.rules import rule_of
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.trials import Trial

MOST_ROWS = 2**40


class OptunaStopping:
    """`hyperband`, `asha` (asynchronous successive halving) or `median`, on the rows of the metric counted from 1.

    `early_terminate` gives `min_iter` (the least resource, or the rows before which `median` stops nobody), `max_iter` and,
    rounded to a whole number, `eta`; what it leaves out is as in Optuna. Each row is judged once, when it arrives, and a
    trial that was to be stopped stays so. In a new life the rows are judged again in the order of the trials, with all rows
    of the trials before: where W&B's rule always gives the same answer, this one may not.
    """

    def __init__(self, name: str, goal: str, metric: str = "metric", rule: EarlyTerminate | None = None) -> None:
        need(f"the pruner {name}", "optuna")
        if rule is not None and rule.max_iter is not None and rule.max_iter < (rule.min_iter or 1):
            what = f"early_terminate has max_iter {rule.max_iter}, which is less than its min_iter {rule.min_iter or 1}"
            raise UserError(what, next_step="raise max_iter, or leave it out")
        self._name, self._goal, self._metric, self._rule = name, goal, metric, rule
        self._rungs = frozenset(_rungs(name, rule))
        self._begin()

    def verdicts(self, trials: Sequence[Trial]) -> Sequence[Verdict]:
        if not all(self._follows(trial) for trial in trials):
            self._begin()
        for trial in sorted(trials, key=lambda trial: trial.number):
            if self._seen.get(trial.number) != trial:
                self._take_in(trial)
        return [self._stopped[trial.number] for trial in trials if trial.state in JUDGED and trial.number in self._stopped]

    def _begin(self) -> None:
        from scheduler.sweeps.search.quiet_optuna import new_study, optuna

        # Hyperband deals trials out to its brackets by the name of the study.
        sampler, pruner = optuna.samplers.RandomSampler(seed=0), _pruner(optuna.pruners, self._name, self._rule)
        self._study = new_study(self._goal, study_name="sweep", sampler=sampler, pruner=pruner)
        self._theirs: list[Any] = []  # Optuna's trials, by our number, which is also theirs
        self._seen: dict[int, Trial] = {}
        self._stopped: dict[int, Verdict] = {}

    def _follows(self, trial: Trial) -> bool:
        """Whether the news only adds to what the study was told, which can take nothing back."""
        before = self._seen.get(trial.number)
        if before is None or before == trial:
            return True
        return before.state not in ENDED and trial.rows[: len(before.rows)] == before.rows

    def _take_in(self, trial: Trial) -> None:
        while len(self._theirs) <= trial.number:
            self._theirs.append(self._study.ask())
        before = self._seen.get(trial.number)
        for row in range(len(before.rows) if before else 0, len(trial.rows)):
            self._report(trial, row + 1)
        if trial.state in ENDED:
            self._close(trial)
        self._seen[trial.number] = trial

    def _report(self, trial: Trial, row: int) -> None:
        self._theirs[trial.number].report(trial.rows[row - 1], row)
        if trial.state not in ENDED or row in self._rungs:
            self._judge(trial, row)

    def _judge(self, trial: Trial, row: int) -> None:
        if self._theirs[trial.number].should_prune() and trial.number not in self._stopped:
            self._stopped[trial.number] = self._explained(trial, row)

    def _explained(self, trial: Trial, row: int) -> Verdict:
        """Of halving Optuna says nothing, but what it has compared is known: the values at the rung, this one's among them."""
        value, rows = trial.rows[row - 1], "1 row" if row == 1 else f"{row} rows"
        sentence = f"Optuna's {self._name} pruner stops it after {rows}, with {self._metric} {value:.4g}"
        compared = rule_of(self._rule, self._name)
        everyone = (each for each in self._seen.values() if each.number != trial.number)
        found = verdicts(compared, self._goal, [*everyone, _until(trial, row)], metric=self._metric) if compared else ()
        own = next((each for each in found if each.number == trial.number), None)
        if own is None:
            return Verdict(trial.number, len(trial.rows), row, value, None, (), sentence)
        return replace(own, rows=len(trial.rows), sentence=f"Optuna's {self._name} pruner stops it: {own.sentence}")

    def _close(self, trial: Trial) -> None:
        from scheduler.sweeps.search.quiet_optuna import optuna

        states, best = optuna.trial.TrialState, trial.best(self._goal)
        if trial.state == State.STOPPED_EARLY:
            self._study.tell(self._theirs[trial.number], state=states.PRUNED)
        elif trial.state == State.DONE and best is not None:
            self._study.tell(self._theirs[trial.number], best)
        else:
            self._study.tell(self._theirs[trial.number], state=states.FAIL)


def _until(trial: Trial, row: int) -> Trial:
    """The trial as it was judged."""
    return replace(trial, state=State.RUNNING, rows=trial.rows[:row])


def _rungs(name: str, rule: EarlyTerminate | None) -> Iterator[int]:
    """The rows at which halving notes the values of trials, by being asked: ended trials must be judged there as well."""
    if name == "median":
        return
    least, factor = _least_and_factor(name, rule)
    while least < MOST_ROWS:
        yield least
        least *= factor


def _least_and_factor(name: str, rule: EarlyTerminate | None) -> tuple[int, int]:
    """The least resource, and by how much more it takes to the next rung; Optuna's defaults where there is no rule."""
    if rule is None:
        return 1, 4 if name == "asha" else 3
    return rule.min_iter or 1, max(2, round(rule.eta))


def _pruner(pruners: Any, name: str, rule: EarlyTerminate | None) -> Any:
    if name == "median":
        return pruners.MedianPruner(n_warmup_steps=rule.min_iter or 0 if rule else 0)
    least, factor = _least_and_factor(name, rule)
    if name == "asha":
        return pruners.SuccessiveHalvingPruner(min_resource=least, reduction_factor=factor)
    most = "auto" if rule is None else rule.max_iter or "auto"
    return pruners.HyperbandPruner(min_resource=least, max_resource=most, reduction_factor=factor)
