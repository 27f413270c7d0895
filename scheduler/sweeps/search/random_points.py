"""Points drawn at random. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from scheduler.sweeps.space.conditions import masked
from scheduler.sweeps.space.distributions import Parameter
from scheduler.sweeps.space.sampling import draw
from scheduler.sweeps.trials import Point, Trial


class RandomSearch:
    """Points drawn independently, without end. In a space of few points they repeat, as in W&B.

    Each number has a generator of its own, made from the seed and the number. So a sweep that goes on in another life draws
    nothing twice, and what it is told does not matter.
    """

    def __init__(self, parameters: Sequence[Parameter], seed: int) -> None:
        self._parameters, self._seed = tuple(parameters), seed

    def ask(self, number: int) -> Point | None:
        # Seeded by text: Python then hashes it with SHA-512, the same in all versions, and neighbours are unrelated.
        generator = Random(f"{self._seed}:{number}")  # noqa: S311 - a repeatable draw, no secret
        return masked(self._parameters, draw(self._parameters, generator))

    def tell(self, trial: Trial) -> None:
        return None
