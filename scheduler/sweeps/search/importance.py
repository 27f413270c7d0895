"""Which parameters mattered. Imports Optuna when it is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from scheduler.queue.states import SUCCEEDED
from scheduler.sweeps.search.libraries import need
from scheduler.sweeps.space.distributions import Parameter
from scheduler.sweeps.trials import Trial
from scheduler.values import dataclass

FEWEST = 20  # below, the best tenth is one trial, and the answer is noise


@dataclass(frozen=True)
class Importance:
    """How much of the difference between good and other trials goes with one parameter; the shares sum to 1."""

    parameter: Parameter
    share: float


def importance(parameters: Sequence[Parameter], goal: str, trials: Iterable[Trial]) -> tuple[Importance, ...] | None:
    """The parameters that vary, the most important first; None with fewer than 20 trials or nothing to tell them apart.

    By PED-ANOVA (https://arxiv.org/abs/2304.10255), which asks how differently each parameter is spread among the best
    tenth of the trials; it needs nothing beyond Optuna. Each trial that ended well counts with its best value, also one
    that was stopped early, unless it lies outside of the present space. A parameter that does not apply everywhere is judged
    by the trials that have it. Those that act only together are underrated, and a few dozen trials give a hint, no proof.
    Raises UserError without Optuna.
    """
    need("the importance of parameters", "optuna")
    from scheduler.sweeps.search.optuna_space import dimensions
    from scheduler.sweeps.search.quiet_optuna import new_study, optuna

    space = dimensions(parameters)
    open_ones = {each.name: each.optuna for each in space if each.optuna is not None}
    study = new_study(goal)
    for params, value in counted(parameters, goal, trials):
        found = {name: open_ones[name] for name in params}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=found, value=value))
    known = study.get_trials(deepcopy=False)
    values = {trial.value for trial in known}
    if len(known) < FEWEST or len(values) < 2 or not open_ones:
        return None
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    named = {each.name: parameter for each, parameter in zip(space, parameters, strict=True)}
    return tuple(Importance(named[name], share) for name, share in shares.items())


def counted(parameters: Sequence[Parameter], goal: str, trials: Iterable[Trial]) -> list[tuple[dict[str, Any], float]]:
    """The trials that the answer rests on: what Optuna would have suggested for each, and its best value. Needs Optuna."""
    from scheduler.sweeps.search.optuna_space import dimensions, suggestions

    space, found = dimensions(parameters), []
    for trial in trials:
        params, value = suggestions(space, trial.values), trial.best(goal)
        if trial.state in SUCCEEDED and params is not None and value is not None and not trial.outside:
            found.append((params, value))
    return found
