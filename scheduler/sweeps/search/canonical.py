"""A sampler of Optuna whose suggestions are those that the values lead back to. Imports Optuna."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from scheduler.sweeps.search.optuna_space import Dimension


class Canonical(BaseSampler):
    """Another sampler, over a space that is known beforehand.

    A study that is rebuilt from values must hold the very numbers that the first one held, or the two would part at the
    next suggestion: many parts u of a stepped distribution give one value. So each suggestion is replaced by the one that
    its value leads back to. And as every trial of the study lies in the whole space, that is not inferred from the trials
    at each ask.

    `groups` are the parameters that are to be modelled together, those of one group in one model: a model takes only trials
    that have a value for each of them. What is in no group is drawn by itself.

    `values` are the values of the parameters suggested so far: use one sampler for one trial.
    """

    def __init__(self, space: Sequence[Dimension], sampler: BaseSampler, groups: Sequence[Sequence[str]]) -> None:
        self._space = {each.name: each for each in space}
        self._sampler, self._groups = sampler, groups
        self.values: dict[str, object] = {}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._optuna([name for group in self._groups for name in group])

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for group in self._groups:
            found.update(self._sampler.sample_relative(study, trial, self._optuna(group)))
        return {name: self._canonical(name, each) for name, each in found.items()}

    def _optuna(self, names: Sequence[str]) -> dict[str, BaseDistribution]:
        found = {name: self._space[name].optuna for name in names}
        return {name: each for name, each in found.items() if each is not None}

    def sample_independent(self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution) -> Any:
        found = self._sampler.sample_independent(study, trial, param_name, param_distribution)
        return self._canonical(param_name, found)

    def _canonical(self, name: str, found: Any) -> Any:
        self.values[name] = self._space[name].value(found)
        again = self._space[name].suggestion(self.values[name])
        return found if again is None else again

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._sampler.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        self._sampler.after_trial(study, trial, state, values)
