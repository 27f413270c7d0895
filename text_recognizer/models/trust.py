"""Confidences that mean what they say: of all characters with 0.9, nine in ten are right.

A network's own probabilities are too high (Guo et al. 2017). A temperature and a shift of their logits, chosen on lines that
nothing was learned from, mend that (Platt 1999); words have their own, for the errors of a word come together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from text_recognizer.metrics import Character, Prediction

_EDGE = 1e-6
_STEPS = 20
_NO_CHANGE = np.array([1.0, 0.0])


@dataclass(frozen=True)
class Scale:
    """A probability's logit is divided by `temperature`, and `shift` is added."""

    temperature: float = 1.0
    shift: float = 0.0

    def of(self, probability: float) -> float:
        """The confidence, between 0 and 1, for a probability of the network's."""
        clipped = min(max(probability, _EDGE), 1 - _EDGE)
        logit = math.log(clipped / (1 - clipped)) / self.temperature + self.shift
        return 1 / (1 + math.exp(min(max(-logit, -30.0), 30.0)))


@dataclass(frozen=True)
class Trust:
    """What is made of the network's probabilities for characters, and of the products of these for words."""

    characters: Scale
    words: Scale

    def prediction(
        self, target: str, letters: Sequence[tuple[str, float]], extents: Sequence[tuple[float, float] | None], nothing: float
    ) -> Prediction:
        """A line with these letters, each with the network's probability for it, and where they reach.

        The confidence of a line is the mean of its characters', which is the share that should be right; of a line without
        any it is `nothing`.
        """
        rows = zip(letters, extents, strict=True)
        characters = tuple(Character(text, self.characters.of(q), extent) for (text, q), extent in rows)
        confidence = sum(c.confidence for c in characters) / len(characters) if characters else nothing
        return Prediction(target, "".join(c.text for c in characters), confidence, characters)

    def word(self, characters: Sequence[Character]) -> float:
        """The confidence of a word of these characters: that all of them are right."""
        return self.words.of(math.prod(c.confidence for c in characters))


AS_IT_IS = Trust(Scale(), Scale())


def fitted(probabilities: Sequence[float], right: Sequence[bool]) -> Scale:
    """The temperature and the shift with which the probabilities say best what was right: by likelihood, held back a little
    towards no change, so that a handful of characters changes little. Newton's method, with steps that never lead up."""
    p_N = np.clip(np.asarray(probabilities, np.float64), _EDGE, 1 - _EDGE)
    x_N2 = np.stack([np.log(p_N / (1 - p_N)), np.ones(len(p_N))], axis=1)
    y_N, by = np.asarray(right, np.float64), _NO_CHANGE
    for _ in range(_STEPS if len(p_N) else 0):
        step = _newton(x_N2, y_N, by)
        here = _unlikely(x_N2, y_N, by)
        while _unlikely(x_N2, y_N, by - step) > here and np.abs(step).max() > _EDGE:
            step = step / 2
        by = by - step
    return Scale(float(1 / max(by[0], 0.05)), float(by[1]))


def _newton(x_N2: np.ndarray, y_N: np.ndarray, by: np.ndarray) -> np.ndarray:
    c_N = 1 / (1 + np.exp(-(x_N2 @ by)))
    slope = x_N2.T @ (c_N - y_N) + (by - _NO_CHANGE)
    return np.linalg.solve((x_N2 * (c_N * (1 - c_N))[:, None]).T @ x_N2 + np.eye(2), slope)


def _unlikely(x_N2: np.ndarray, y_N: np.ndarray, by: np.ndarray) -> float:
    z_N = x_N2 @ by
    return float(np.logaddexp(0, np.where(y_N > 0.5, -z_N, z_N)).sum() + np.square(by - _NO_CHANGE).sum() / 2)


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """The expected calibration error (Naeini et al. 2015): how far confidence and truth lie apart in each of ten equal ranges,
    weighed by how many are in it. 0 is best; 0.0 for nothing at all."""
    c_N, y_N = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    place_N = np.minimum((c_N * bins).astype(int), bins - 1)
    return float(sum(abs((c_N - y_N)[place_N == b].sum()) for b in range(bins)) / max(len(c_N), 1))
