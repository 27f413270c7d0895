"""Reading CTC's frames by prefix beam search (Hannun et al. 2014): the likeliest text, not the likeliest alignment."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

BLANK = 0
_NEGLIGIBLE = 1e-4
Prefix = tuple[int, ...]
Ends = tuple[float, float]
"""The probability of a prefix over all alignments that end in a blank, and over all that end in its last class."""


def best_text(scores: np.ndarray, beams: int) -> tuple[list[int], float]:
    """The classes of the likeliest text, and its log-probability over all of its alignments that were kept.

    `scores` are the log-probabilities of the frames (T, classes), blank first. After every frame the `beams` likeliest
    prefixes go on; classes below one in ten thousand in a frame are passed over.
    """
    kept: dict[Prefix, Ends] = {(): (1.0, 0.0)}
    scale = 0.0
    for frame in np.exp(np.asarray(scores, np.float64)):
        grown = _grown(kept, frame)
        best = sorted(grown, key=lambda prefix: -sum(grown[prefix]))[:beams]
        total = sum(sum(grown[prefix]) for prefix in best)
        kept = {prefix: (grown[prefix][0] / total, grown[prefix][1] / total) for prefix in best}
        scale += math.log(total)
    prefix = max(kept, key=lambda prefix: sum(kept[prefix]))
    return list(prefix), scale + math.log(sum(kept[prefix]))


def _grown(kept: dict[Prefix, Ends], frame: np.ndarray) -> dict[Prefix, list[float]]:
    """All prefixes after one more frame of probabilities (classes,): each as it is, and with one class more."""
    grown: dict[Prefix, list[float]] = defaultdict(lambda: [0.0, 0.0])
    likely = [(int(k), float(frame[k])) for k in np.flatnonzero(frame >= _NEGLIGIBLE) if k != BLANK]
    blank = float(frame[BLANK])
    for prefix, (after_blank, after_class) in kept.items():
        total = after_blank + after_class
        grown[prefix][0] += total * blank
        last = prefix[-1] if prefix else BLANK
        if prefix:
            grown[prefix][1] += after_class * float(frame[last])
        for k, probability in likely:
            longer = (*prefix, k)
            grown[longer][1] += (after_blank if k == last else total) * probability
    return grown
