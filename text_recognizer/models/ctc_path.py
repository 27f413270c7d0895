"""A way through CTC's frames: which text, and in which frame each of its characters begins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from text_recognizer.models.fusion import Fusion

BLANK = 0
_NEGLIGIBLE = 1e-4


@dataclass(frozen=True)
class Path:
    """The classes of a text, and for each the frame in which it begins; the frames never fall."""

    classes: list[int]
    frames: list[int]


def best_path(best: np.ndarray) -> Path:
    """The text of the likeliest class of every frame (T,): repeated classes count once, then blanks go (Graves et al. 2006)."""
    begins = np.flatnonzero((best != BLANK) & (best != np.concatenate([[BLANK], best[:-1]])))
    return Path(best[begins].tolist(), begins.tolist())


def peaks(path: Path, scores: np.ndarray) -> list[int]:
    """The frame in which each character is likeliest, from where it begins to where the next one does; `scores` (T, classes)."""
    ends = [*path.frames[1:], len(scores)][: len(path.frames)]
    return [
        begin + int(scores[begin : max(end, begin + 1), k].argmax())
        for k, begin, end in zip(path.classes, path.frames, ends, strict=True)
    ]


def shares(path: Path, at: list[int], scores: np.ndarray, fusion: Fusion | None) -> list[float]:
    """How likely each character is among all that might stand there, 0 to 1: by the frame `at` which it is likeliest and, with
    a language model, by the characters before it."""
    of_network = np.exp(scores[np.array(at, np.int64)], dtype=np.float64)  # (characters, classes)
    if not fusion:
        return of_network[np.arange(len(at)), path.classes].tolist()
    state, found = fusion.start, list[float]()
    likely_NK = of_network >= _NEGLIGIBLE
    likely_NK[:, BLANK] = False
    likely_NK[np.arange(len(at)), path.classes] = True
    places, classes = np.nonzero(likely_NK)
    cuts = np.searchsorted(places, np.arange(len(at) + 1)).tolist()
    others, blanks = list(zip(classes.tolist(), of_network[places, classes].tolist(), strict=True)), of_network[:, BLANK].tolist()
    for k, blank, (begin, end) in zip(path.classes, blanks, itertools.pairwise(cuts), strict=True):
        weighed = {c: probability * fusion.step(state, c)[0] for c, probability in others[begin:end]}
        found.append(weighed[k] / max(sum(weighed.values()) + blank, 1e-300))
        state = fusion.step(state, k)[1]
    return found


def extents(at: Sequence[float], frames: int) -> list[tuple[float, float]]:
    """From where to where each character reaches, as shares of the line: halfway to the characters beside it, and outwards as
    far as inwards for the first and the last."""
    middles = np.array(at, np.float64) + 0.5
    if len(middles) < 2:
        return [(0.0, 1.0)] * len(middles)
    between = (middles[:-1] + middles[1:]) / 2
    first, last = 2 * middles[0] - between[0], 2 * middles[-1] - between[-1]
    edges = (np.clip(np.concatenate([[first], between, [last]]), 0, frames) / frames).tolist()
    return list(itertools.pairwise(edges))
