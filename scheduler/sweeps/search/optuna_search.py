"""Searching with a model of what was found so far: Optuna's samplers, behind the door of `search`. Imports Optuna."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial
from optuna.trial import Trial as OptunaTrial

from scheduler.goals import MAXIMIZE
from scheduler.queue.states import ENDED, State
from scheduler.sweeps.search.canonical import Canonical
from scheduler.sweeps.search.objective import Objective, Objectives, Told, Values, worst_of
from scheduler.sweeps.search.optuna_space import dimensions, evidence, suggestions
from scheduler.sweeps.search.quiet_optuna import new_study
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import applies, in_order
from scheduler.sweeps.space.distributions import Parameter
from scheduler.sweeps.trials import Point, Trial
from scheduler.values import dataclass

Params = Mapping[str, tuple[Any, BaseDistribution]]  # what Optuna has suggested, by name, and the range of that

FEWEST_TO_INHERIT, MOST_TO_INHERIT = 20, 1_000  # trials that an evolution strategy takes its beginning from


@dataclass(frozen=True)
class Entry:
    """What the study holds of a trial."""

    state: TrialState
    values: Values | None = None


class OptunaSearch:
    """Points by `tpe`, `gp` or `cmaes`, from a study in memory that is made of the trials told, in the order of their numbers.

    With `tpe` and `gp` the seed, the number and the trials told settle the answer, in this life or another. The state of
    the evolution strategy behind `cmaes` lives as long as this object; a new one starts from the best of the trials told.
    `nsga2` keeps its generations so long too: a new one takes all trials told for the first.
    Running trials stand in the model as bad ones, so that a second GPU is sent elsewhere. From trials outside of the present
    space `tpe` learns what `evidence` makes of them; the others leave them out. In a space of few points it may ask for one
    again, as W&B does. Asking costs what the sampler costs, up to seconds for `gp`: ask in a thread, but only one call at a time.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        goal: str,
        seed: int,
        sampler: str,
        *,
        impute: str,
        impute_while_running: str | None,
        beside: Sequence[str],
    ) -> None:
        """`beside`: the goals of further objectives. Then the points are those that trade them off."""
        self._parameters, self._space = tuple(parameters), dimensions(parameters)
        self._open: dict[str, BaseDistribution] = {each.name: each.optuna for each in self._space if each.optuna is not None}
        self._objective: Told = Objectives((goal, *beside)) if beside else Objective(goal, impute, impute_while_running)
        self._seed, self._sampler = seed, sampler
        self._trials: dict[int, Trial] = {}
        self._worsts: dict[int, Values] = {}  # by ended trial, the worst that it logged
        self._news: set[int] = set()  # told since the study was last looked at
        self._worst: Values | None = None
        self._imputed = False  # whether the entry of a trial depends on `_worst`
        self._outside: set[int] = set()  # trials that the model cannot use
        self._stale = False  # whether the study must be made anew
        self._open_study()

    def ask(self, number: int) -> Point | None:
        if number not in self._trials:
            self._catch_up()
            self._stale = number < max(self._held, default=0)  # the study is to hold its trials by number
            sampler = Canonical(self._space, self._fresh_sampler(number), self._groups)
            self._study.sampler = sampler
            asked = self._study.ask()
            point = self._suggested(asked, sampler)
            self._trials[number] = Trial(number, point, State.QUEUED)
            self._held[number], self._places[number] = Entry(TrialState.RUNNING), asked.number
        return self._trials[number].values

    def _suggested(self, asked: OptunaTrial, sampler: Canonical) -> Point:
        """The values of the parameters that apply, each asked for when those are known that it depends on."""
        by_path = {parameter.path: each for parameter, each in zip(self._parameters, self._space, strict=True)}
        chosen: dict[tuple[str, ...], object] = {}
        for parameter in in_order(self._parameters):
            each = by_path[parameter.path]
            if not applies(parameter, chosen):
                chosen[parameter.path] = ABSENT
            elif each.optuna is None:
                chosen[parameter.path] = each.only
            else:
                _suggest(asked, each.name, each.optuna)
                chosen[parameter.path] = sampler.values[each.name]
        return tuple(chosen[parameter.path] for parameter in self._parameters)

    def tell(self, trial: Trial) -> None:
        before = self._trials.get(trial.number)
        if before == trial:
            return
        self._stale = self._stale or (before is not None and before.values != trial.values)
        self._trials[trial.number] = trial
        self._news.add(trial.number)
        worst = self._objective.worst(trial) if trial.state in ENDED else None
        self._worsts.pop(trial.number, None)
        if worst is not None:
            self._worsts[trial.number] = worst

    def _catch_up(self) -> None:
        """Bring the study to what was told. Where it cannot be told, for a study knows no second thoughts, make it anew."""
        worst = worst_of(self._objective.goals, self._worsts.values())
        changed, self._worst = worst != self._worst, worst
        stale = self._stale or (changed and self._imputed)
        if stale or not all(self._taken_in(self._trials[number]) for number in sorted(self._news)):
            self._rebuild()
        self._news.clear()

    def _taken_in(self, trial: Trial) -> bool:
        held, wanted = self._held.get(trial.number), self._entry(trial)
        if held is None:
            return trial.number in self._outside
        if held.state == TrialState.RUNNING and wanted.state != TrialState.RUNNING and trial.state in ENDED:
            self._study.tell(self._places[trial.number], wanted.values, wanted.state)
            self._held[trial.number] = wanted
        return self._held[trial.number] == wanted

    def _entry(self, trial: Trial) -> Entry:
        values, zero = self._objective.values(trial, self._worst), (0.0,) * len(self._objective.goals)
        self._imputed = self._imputed or self._objective.values(trial, None) != self._objective.values(trial, zero)
        if values is not None:
            return Entry(TrialState.COMPLETE, values)
        return Entry(TrialState.FAIL if trial.state in ENDED else TrialState.RUNNING)

    def _open_study(self) -> None:
        self._held: dict[int, Entry] = {}
        self._places: dict[int, int] = {}  # by number, the number that the study has for the trial
        self._study = new_study(*self._objective.goals)
        together = [each.name for each in self._space if each.is_number or self._sampler != "cmaes"]
        named = {each.name: parameter.when for each, parameter in zip(self._space, self._parameters, strict=True)}
        if self._sampler == "tpe":  # those that apply together
            self._groups = [[name for name in together if named[name] == when] for when in dict.fromkeys(named.values())]
        else:  # those that apply everywhere
            self._groups = [[name for name in together if not named[name]]]

    def _rebuild(self) -> None:
        kept = self._notes()
        self._open_study()
        self._imputed = self._stale = False
        made: list[FrozenTrial] = []
        for number, trial in sorted(self._trials.items()):
            params = self._params(trial)
            if not params:
                self._outside.add(number)
            else:
                entry = self._entry(trial)
                self._held[number], self._places[number] = entry, len(made)
                made.append(_frozen(entry, params, kept.get(number, self._beginning())))
                self._groups = refined(self._groups, params) if self._sampler == "tpe" else self._groups
        self._study.add_trials(made)

    def _beginning(self) -> dict[str, Any] | None:
        """What stands beside a trial that this object has not asked for."""
        return {NSGAIISampler._get_generation_key(): 0} if self._sampler == "nsga2" else None

    def _params(self, trial: Trial) -> Params | None:
        """What the study is to hold of a trial's point; None or nothing where the model cannot use it."""
        found = suggestions(self._space, trial.values)
        if not trial.outside:
            return None if found is None else {name: (each, self._open[name]) for name, each in found.items()}
        return evidence(self._space, trial.values) if self._sampler == "tpe" else None

    def _notes(self) -> dict[int, dict[str, Any]]:
        """What is to outlive the study: an evolution strategy notes its state beside the trials."""
        if self._sampler not in ("cmaes", "nsga2"):
            return {}
        theirs = self._study.get_trials(deepcopy=False)
        return {number: theirs[place].system_attrs for number, place in self._places.items()}

    def _fresh_sampler(self, number: int) -> BaseSampler:
        """A sampler without a past: what it draws depends on the seed, the number and the study alone."""
        digest = hashlib.sha256(f"{self._seed}:{number}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big")
        if self._sampler == "gp":
            return GPSampler(seed=seed)
        if self._sampler == "cmaes":
            return CmaEsSampler(seed=seed, warn_independent_sampling=False, source_trials=self._inherited())
        if self._sampler == "nsga2":
            return NSGAIISampler(seed=seed)
        return TPESampler(seed=seed, multivariate=True, constant_liar=True)

    def _inherited(self) -> list[FrozenTrial] | None:
        """The trials that an evolution strategy takes its beginning from: the best that it has not asked for itself."""
        done = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if any("optimizer" in key for trial in reversed(done) for key in trial.system_attrs):
            return None  # it has begun; this is only to save the time of what follows
        strangers = [trial for trial in done if not trial.system_attrs]
        numbers = {name: self._open[name] for name in self._groups[0]}
        if len(strangers) < FEWEST_TO_INHERIT or not numbers:
            return None
        strangers.sort(key=lambda trial: trial.value or 0.0, reverse=self._objective.goals[0] == MAXIMIZE)
        kept = [{name: (each.params[name], found) for name, found in numbers.items()} for each in strangers[:MOST_TO_INHERIT]]
        return [_frozen(Entry(each.state, tuple(each.values)), params) for each, params in zip(strangers, kept, strict=False)]


def _suggest(asked: OptunaTrial, name: str, found: BaseDistribution) -> None:
    if isinstance(found, FloatDistribution):
        asked.suggest_float(name, found.low, found.high, log=found.log)
    elif isinstance(found, IntDistribution):
        asked.suggest_int(name, found.low, found.high)
    elif isinstance(found, CategoricalDistribution):
        asked.suggest_categorical(name, found.choices)


def refined(groups: Sequence[Sequence[str]], together: Container[str]) -> list[list[str]]:
    """The groups, each cut in two where only a part of it has values in a trial: `together` are those that have.

    >>> refined([["a", "b", "c"], ["d"]], {"a", "c"})
    [['a', 'c'], ['b'], ['d']]
    """
    parts = [[name for name in group if (name in together) is there] for group in groups for there in (True, False)]
    return [part for part in parts if part]


def _frozen(entry: Entry, params: Params, notes: dict[str, Any] | None = None) -> FrozenTrial:
    return create_trial(
        state=entry.state,
        values=entry.values,
        params={name: value for name, (value, _) in params.items()},
        distributions={name: found for name, (_, found) in params.items()},
        system_attrs=notes,
    )
