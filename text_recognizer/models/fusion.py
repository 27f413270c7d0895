"""Shallow fusion (Gulcehre et al. 2015): what a language model adds to the score of a text while it is searched for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from text_recognizer.models.ngrams import EDGE, Ngrams

_MOST_KEPT = 400_000


@dataclass(frozen=True)
class Weights:
    """A character adds `weight` times its log-probability, and `bonus`, to the score of its text; `beams` texts are followed."""

    weight: float
    bonus: float
    beams: int


class Fusion:
    """An n-gram with its weights. What was asked once is kept: lines of one hand ask for the same again and again."""

    def __init__(self, ngrams: Ngrams, weights: Weights) -> None:
        self.ngrams, self.weights, self.start = ngrams, weights, ngrams.start
        self.most = math.exp(weights.bonus)
        """No factor is above this."""
        self._kept: dict[int, tuple[float, int]] = {}
        self._rows: dict[int, np.ndarray] = {}

    def step(self, state: int, symbol: int) -> tuple[float, int]:
        """The factor by which this symbol changes the probability of its text, above 0, and the state after it."""
        key = state * self.ngrams.symbols + symbol
        if (kept := self._kept.get(key)) is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            probability, after = self.ngrams.step(state, symbol)
            kept = self._kept[key] = probability**self.weights.weight * math.exp(self.weights.bonus), after
        return kept

    def end(self, state: int) -> float:
        """The factor of a text that ends in this state."""
        return self.ngrams.step(state, EDGE)[0] ** self.weights.weight

    def row(self, state: int) -> np.ndarray:
        """The logarithm of the factor of every symbol but the unknown one, float32 (symbols - 1,), the end (symbol 0) first."""
        if (row := self._rows.get(state)) is None:
            if len(self._rows) * self.ngrams.symbols >= _MOST_KEPT * 10:
                self._rows.clear()
            factors = [self.end(state), *(self.step(state, k)[0] for k in range(1, self.ngrams.symbols - 1))]
            row = self._rows[state] = np.log(factors).astype(np.float32)
        return row
