"""Points that fill the space evenly: the sequence of Sobol, from SciPy. Imports SciPy."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import qmc

from scheduler.sweeps.space.conditions import masked
from scheduler.sweeps.space.distributions import Parameter
from scheduler.sweeps.space.sampling import sample
from scheduler.sweeps.trials import Point, Trial


class QuasiRandomSearch:
    """Trial n is point n of one scrambled Sobol sequence, so what is told does not matter and a new life goes on exactly.

    (Optuna's own sampler of this kind counts its asks in the study, and a study that is made anew would begin again.)
    """

    def __init__(self, parameters: Sequence[Parameter], seed: int) -> None:
        self._parameters = tuple(parameters)
        self._open = [parameter.distribution.name != "constant" for parameter in self._parameters]
        self._sobol = qmc.Sobol(sum(self._open), scramble=True, seed=seed)

    def ask(self, number: int) -> Point | None:
        if number < self._sobol.num_generated:
            self._sobol.reset()
        if number > self._sobol.num_generated:
            self._sobol.fast_forward(number - self._sobol.num_generated)
        parts = iter(self._sobol.random(1)[0].tolist())
        drawn = [
            sample(parameter.distribution, next(parts) if is_open else 0.0)
            for parameter, is_open in zip(self._parameters, self._open, strict=True)
        ]
        return masked(self._parameters, drawn)

    def tell(self, trial: Trial) -> None:
        return None
