"""What to try next: the door to every way of searching. Pure.

A search is asked for the next point and told how trials fare. It can be rebuilt at any time: a new one that has been told
all trials goes on where the old one stopped.
"""

from __future__ import annotations

from typing import Protocol

from scheduler.errors import UserError, nearest
from scheduler.goals import MINIMIZE
from scheduler.sweeps.files.kinds import METHODS
from scheduler.sweeps.files.sweep_file import Sweep
from scheduler.sweeps.search.grid import GridSearch
from scheduler.sweeps.search.libraries import need
from scheduler.sweeps.search.random_points import RandomSearch
from scheduler.sweeps.trials import Point, Trial

SAMPLERS = ("tpe", "gp", "cmaes", "nsga2", "random", "qmc")
ONE_OBJECTIVE = ("cmaes",)
LIBRARIES = {
    "tpe": ("optuna",),
    "gp": ("optuna", "torch", "scipy"),
    "cmaes": ("optuna", "cmaes"),
    "nsga2": ("optuna",),
    "qmc": ("scipy",),
}


class Search(Protocol):
    """Where the next trial lies."""

    def ask(self, number: int) -> Point | None:
        """The values of trial `number`, one per parameter of the sweep, in its order; None: nothing is left to try.

        The same seed, number and trials told give the same answer, also in another process, except where an
        implementation says otherwise. Asked once more for the same number, it gives the same point.
        """
        ...

    def tell(self, trial: Trial) -> None:
        """News of a trial, asked here or in an earlier life. It may be told again; the latest counts.

        A trial that lies outside of the present space, because the file was changed since, says so (`outside`). A model may
        learn from it; it is never an error. Trials of other sweeps have numbers below 0.
        """
        ...


def open_search(sweep: Sweep, *, method: str | None = None, sampler: str | None = None, seed: int = 0) -> Search:
    """The search of a sweep. `method` stands in for that of the file, `sampler` chooses among the models of bayes (tpe).

    Raises UserError for a grid over a distribution without an end, for bayes without a metric or with nothing to vary, for a
    sampler that the method has no use for, and where a library is missing.
    """
    method = method or sweep.method
    _check_names(method, sampler)
    if method == "grid":
        return GridSearch(sweep.parameters)
    if method == "random" and sampler != "qmc":
        return RandomSearch(sweep.parameters, seed)
    refuse_unsearchable(sweep, method, sampler)
    if sampler == "qmc":
        need("the sampler qmc", *LIBRARIES["qmc"])
        from scheduler.sweeps.search.quasi_random import QuasiRandomSearch

        return QuasiRandomSearch(sweep.parameters, seed)
    if sampler == "random":
        return RandomSearch(sweep.parameters, seed)
    return _model(sweep, sampler or "tpe", seed)


def learns(method: str, sampler: str | None) -> bool:
    """Whether the results of earlier trials say where the next one lies."""
    return method == "bayes" and sampler not in ("random", "qmc")


def learns_outside(sweep: Sweep, sampler: str | None) -> bool:
    """Whether the search of `open_search` learns from trials outside of the present space."""
    return sweep.method == "bayes" and sampler in (None, "tpe")


def _model(sweep: Sweep, sampler: str, seed: int) -> Search:
    need(f"the sampler {sampler}", *LIBRARIES[sampler])
    from scheduler.sweeps.search.optuna_search import OptunaSearch

    metric = sweep.metric or {}
    goal, impute = str(metric.get("goal", MINIMIZE)), str(metric.get("impute", "worst"))
    running = str(metric.get("impute_while_running", "false"))
    while_running, beside = None if running == "false" else running, [each.goal for each in sweep.beside]
    told = (sweep.parameters, goal, seed, sampler)
    return OptunaSearch(*told, impute=impute, impute_while_running=while_running, beside=beside)


def _check_names(method: str, sampler: str | None) -> None:
    if method not in METHODS:
        raise UserError(f'unknown method "{method}"', next_step=nearest(method, METHODS))
    if sampler is None or (method == "bayes" and sampler in SAMPLERS) or (method == "random" and sampler in ("random", "qmc")):
        return
    if sampler not in SAMPLERS:
        raise UserError(f'unknown sampler "{sampler}"', next_step=nearest(sampler, SAMPLERS))
    what = f"the sampler {sampler} does not belong to method {method}"
    raise UserError(what, next_step="add --method bayes, or leave --sampler out")


def refuse_unsearchable(sweep: Sweep, method: str, sampler: str | None = None) -> None:
    """Raises UserError where a model has nothing to learn from, or nothing to vary."""
    if method == "bayes" and sweep.metric is None:
        what = 'method bayes learns from a metric, and this sweep file has no "metric"'
        raise UserError(what, next_step="add metric: {name: ..., goal: minimize}, or take --method random")
    if sampler in ONE_OBJECTIVE and sweep.beside:
        what = f"the sampler {sampler} knows one objective, and this sweep file has {1 + len(sweep.beside)}"
        raise UserError(what, next_step="take --sampler tpe, gp or nsga2, or write one metric")
    if all(parameter.distribution.name == "constant" for parameter in sweep.parameters):
        raise UserError("every parameter of this sweep is constant: there is nothing to search")
