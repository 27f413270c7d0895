"""A copy of the finished trials for optuna-dashboard, in Optuna's journal format. Imports Optuna when it is used."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scheduler.errors import UserError
from scheduler.queue.states import ENDED, State
from scheduler.sweeps.search.libraries import need
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import Distribution, Parameter, identity
from scheduler.sweeps.space.sampling import LARGEST, span
from scheduler.sweeps.trials import Trial

NUMBER, STATE = "trial", "state"  # what we note beside each trial


class OptunaJournal:
    """Trials that have ended, each once, with parameters, value and rows. `optuna-dashboard FILE` shows them.

    The file is a copy: nothing is ever read back from it but which trials are there already. A trial that is run again
    stays as it was first written, for the format knows no corrections.
    """

    def __init__(
        self,
        path: str,
        parameters: Sequence[Parameter],
        goal: str,
        name: str = "exp-queue",
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Raises UserError without Optuna, and for a file that is no journal or holds a study `name` of the other goal.

        `say` hears if the file cannot be written any more.
        """
        need("--optuna-journal", "optuna")
        self._path, self._parameters, self._goal, self._say = path, tuple(parameters), goal, say
        self._ended = False
        self._study = _study(path, goal, name)
        self._written = {trial.user_attrs.get(NUMBER) for trial in self._study.get_trials(deepcopy=False)}

    def tell(self, trial: Trial) -> None:
        """Write the trial, if it has ended and is not there yet. A copy is no reason to end a sweep: without room on the disk
        it stays as it is."""
        if self._ended or trial.state not in ENDED or trial.number in self._written:
            return
        try:
            self._study.add_trial(self._frozen(trial))
        except (OSError, ValueError) as error:  # ValueError: the line before was not written whole
            self._ended = True
            self._say(f"the journal {self._path} cannot be written any more ({error}); the sweep goes on without it")
        self._written.add(trial.number)

    def _frozen(self, trial: Trial) -> Any:
        from scheduler.sweeps.search.optuna_space import names
        from scheduler.sweeps.search.quiet_optuna import optuna

        states, value = optuna.trial.TrialState, trial.best(self._goal)
        known = {State.DONE: states.COMPLETE, State.STOPPED_EARLY: states.PRUNED}
        state = known.get(trial.state, states.FAIL) if value is not None else states.FAIL
        named = zip(names(self._parameters), self._parameters, trial.values, strict=False)
        there = [(name, each.distribution, value) for name, each, value in named if value is not ABSENT]
        shown = {name: _shown(optuna.distributions, found, value) for name, found, value in there}
        return optuna.trial.create_trial(
            state=state,
            value=None if state == states.FAIL else value,
            params={name: value for name, (_, value) in shown.items()},
            distributions={name: found for name, (found, _) in shown.items()},
            intermediate_values=dict(enumerate(trial.rows, 1)),
            user_attrs={NUMBER: trial.number, STATE: str(trial.state)},
        )


def _study(path: str, goal: str, name: str) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    from scheduler.sweeps.search.quiet_optuna import new_study

    try:
        _refuse_other_files(Path(path))
        study = new_study(goal, storage=JournalStorage(JournalFileBackend(path)), study_name=name, load_if_exists=True)
    except OSError as error:
        raise UserError(f"cannot write the journal {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"the journal {path} is damaged ({error})", next_step="name a new file: it gets all trials") from error
    if study.direction.name.lower() != goal:
        what = f"the journal {path} holds a study whose goal is to {study.direction.name.lower()}, not to {goal}"
        raise UserError(what, next_step="name a new file")
    return study


def _refuse_other_files(path: Path) -> None:
    """Optuna adds its first line to any file, and only then finds that it cannot read what is there."""
    if not path.exists() or path.is_dir():
        return
    if not path.is_file():  # a pipe would be waited for, and /dev/zero read without an end
        raise UserError(f"{path} is no regular file, and no journal of Optuna", next_step="name a new file")
    with path.open("rb") as file:
        first = file.readline()
    if first and not first.startswith(b'{"op_code"'):
        raise UserError(f"{path} is no journal of Optuna", next_step="name a new file")


def _shown(optuna: Any, found: Distribution, value: object) -> tuple[Any, Any]:
    """The distribution and value by which the dashboard draws an axis: the values themselves, not what a sampler sees.

    A value outside of the distribution (the file was changed since) is a choice of its own.
    """
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    log = "log_" in found.name
    if number is not None and found.name not in ("constant", "categorical", "categorical_w_probabilities"):
        if found.name == "int_uniform":
            return optuna.IntDistribution(int(min(found.number("min"), number)), int(max(found.number("max"), number))), value
        # The same for all trials, or the dashboard leaves the parameter out where it asks which of them mattered.
        low, high = span(found)
        log = log and min(low, number) > 0
        return optuna.FloatDistribution(min(low, number), min(max(high, number), LARGEST), log=log), float(number)
    listed = found.fields.get("values")
    choices = [_plain(each) for each in (listed if isinstance(listed, list) else [found.fields.get("value")])]
    once = list({identity(each): each for each in [*choices, _plain(value)]}.values())
    return optuna.CategoricalDistribution(once), _plain(value)


def _plain(value: object) -> bool | int | float | str | None:
    return value if value is None or isinstance(value, (bool, int, float, str)) else json.dumps(value)
