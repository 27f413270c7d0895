"""Where the characters of a line stand, by where a network looked while it wrote them."""

from __future__ import annotations

import numpy as np

from text_recognizer.models.ctc_path import extents

Extents = list[tuple[float, float]]
_LEAST = 1e-6


def reaches(looked_LS: np.ndarray, middles_S: np.ndarray, width: int) -> Extents:
    """From where to where each of L characters reaches, as shares of the width of a line from its left, by how much was looked
    for it at each of S places, whose middles are given in pixels.

    Each has the place of a way from left to right that was looked at most; its neighbours there say where it is between places.
    """
    if not len(looked_LS):
        return []
    near_LS = np.abs(np.arange(len(middles_S)) - onward(looked_LS)[:, None]) <= 1
    weights_LS = looked_LS * near_LS + _LEAST * near_LS
    at_L = weights_LS @ middles_S / weights_LS.sum(axis=1)
    return extents((np.maximum.accumulate(at_L) - 0.5).tolist(), width)


def onward(looked_LS: np.ndarray) -> np.ndarray:
    """The place of each row on the way whose places never fall and whose weights have the largest product (L,)."""
    scores_LS = np.log(looked_LS + _LEAST)
    total_S, came = scores_LS[0], []
    for score_S in scores_LS[1:]:
        best_S = np.maximum.accumulate(total_S)
        came.append(np.maximum.accumulate(np.where(total_S == best_S, np.arange(len(total_S)), 0)))
        total_S = best_S + score_S
    places = [int(total_S.argmax())]
    for from_S in reversed(came):
        places.append(int(from_S[places[-1]]))
    return np.array(places[::-1])
