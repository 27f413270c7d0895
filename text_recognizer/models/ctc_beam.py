"""Reading CTC's frames by prefix beam search (Hannun et al. 2014): the likeliest text, not the likeliest alignment.

Written for one core without a compiler: the prefixes are nodes of a tree and no texts, frames in which nothing but the blank
is likely cost next to nothing, and prefixes that are far behind the best one do not go on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np

from text_recognizer.models.ctc_path import BLANK, Path
from text_recognizer.models.fusion import Fusion

_FAR_BEHIND = 4e-3
"""A share of the best: what is less likely goes on no more. With 1e-6 a line took five times as long, and had as many errors."""
_ON_A_FRAME = 12
"""Classes of a frame that are tried at most."""
_TOTAL = attrgetter("total")


@dataclass(slots=True, eq=False)
class _Prefix:
    """A text so far: its last class, the state of the language model after it, and its probability over all alignments that
    end in a blank (`blank`) and over all that end in its last class (`last`), and both (`total`); `next_blank`, `next_last`:
    after this frame.

    `frame` is where most came to it, `most`, from the text that is one class shorter.
    """

    shorter: _Prefix | None
    symbol: int
    state: int
    factor: float
    blank: float = 0.0
    last: float = 0.0
    total: float = 0.0
    next_blank: float = 0.0
    next_last: float = 0.0
    most: float = 0.0
    frame: int = -1
    alive: bool = False
    longer: dict[int, _Prefix] = field(default_factory=dict)


def best_text(
    scores: np.ndarray, beams: int, fusion: Fusion | None = None, far_behind: float = _FAR_BEHIND
) -> tuple[Path, float]:
    """The likeliest text, and its log-probability over all of its alignments that were kept; with a language model, what the
    search goes by in its place.

    `scores` are the log-probabilities of the frames (T, classes), blank first. After every frame the `beams` likeliest
    prefixes go on, but those below the share `far_behind` of the best do not; classes below a quarter of that in a frame are
    passed over.
    """
    kept = [_Prefix(None, BLANK, fusion.start if fusion else 0, 1.0, blank=1.0, total=1.0, alive=True)]
    scale, settled = 0.0, True
    for t, (blank, likely) in enumerate(_frames(scores, far_behind / 4)):
        if likely or not settled:
            kept, total = _best(_grown(kept, blank, likely, t, fusion, far_behind), beams, far_behind)
            scale += math.log(total)
        else:  # only blanks, and again
            scale += math.log(blank)
        settled = not likely
    finals = [prefix.total * (fusion.end(prefix.state) if fusion else 1.0) for prefix in kept]
    best = max(range(len(kept)), key=finals.__getitem__)
    return _path(kept[best]), scale + math.log(finals[best])


def _frames(scores: np.ndarray, negligible: float) -> Iterator[tuple[float, list[tuple[int, float]]]]:
    """Of every frame the probability of the blank, and the likely classes with theirs, the likeliest first."""
    probabilities = np.exp(np.asarray(scores, np.float64))
    blanks, probabilities[:, BLANK] = probabilities[:, BLANK].tolist(), 0.0
    classes = np.argsort(-probabilities, axis=1)[:, :_ON_A_FRAME]
    probabilities = np.take_along_axis(probabilities, classes, axis=1)
    least = np.where(np.array(blanks) < 0.5, np.minimum(probabilities[:, 0], negligible), negligible)
    numbers = (probabilities >= least[:, None]).sum(axis=1).tolist()
    rows = zip(blanks, numbers, classes.tolist(), probabilities.tolist(), strict=True)
    return ((blank, list(zip(ks[:n], ps[:n], strict=True))) for blank, n, ks, ps in rows)


def _grown(
    kept: list[_Prefix], blank: float, likely: list[tuple[int, float]], t: int, fusion: Fusion | None, far_behind: float
) -> list[_Prefix]:
    """All prefixes after one more frame: each as it is, and with one class more."""
    grown, stays, best = list(kept), dict(likely), kept[0]
    least = far_behind * best.total * max(blank, *stays.values(), 0.0)
    # No less than this will the best one have; a new prefix that stays far behind is not even made.
    hopeless = far_behind * (best.total * blank + best.last * stays.get(best.symbol, 0.0))
    most = fusion.most if fusion else 1.0
    for prefix in kept:
        symbol, total, after_blank = prefix.symbol, prefix.total, prefix.blank
        prefix.next_blank += total * blank
        if symbol in stays:
            prefix.next_last += prefix.last * stays[symbol]
        longer_ones, state = prefix.longer, prefix.state
        for k, probability in likely:  # the likeliest first
            if total * probability <= least:
                break
            came = (after_blank if k == symbol else total) * probability
            longer = longer_ones.get(k)
            if longer is None and came * most <= hopeless:
                continue
            factor, after = (longer.factor, longer.state) if longer else fusion.step(state, k) if fusion else (1.0, 0)
            came *= factor
            if came <= hopeless and not (longer and longer.alive):
                continue
            if longer is None:
                longer = longer_ones[k] = _Prefix(prefix, k, after, factor)
            if not longer.alive:
                grown.append(longer)
            longer.next_last += came
            if came > longer.most:
                longer.most, longer.frame = came, t
    return grown


def _best(grown: list[_Prefix], beams: int, far_behind: float) -> tuple[list[_Prefix], float]:
    """The likeliest prefixes, the best first, scaled to a sum of one, and what that sum was."""
    for prefix in grown:
        prefix.blank, prefix.last, prefix.alive = prefix.next_blank, prefix.next_last, False
        prefix.next_blank = prefix.next_last = 0.0
        prefix.total = prefix.blank + prefix.last
    grown.sort(key=_TOTAL, reverse=True)
    least = grown[0].total * far_behind
    kept = [prefix for prefix in grown[:beams] if prefix.total > least]
    total = sum(map(_TOTAL, kept))
    for prefix in kept:
        prefix.blank, prefix.last, prefix.alive = prefix.blank / total, prefix.last / total, True
        prefix.total = prefix.blank + prefix.last
    return kept, total


def _path(prefix: _Prefix) -> Path:
    """The classes from the first to the last, each with its frame; no frame comes before that of an earlier class."""
    classes, frames = list[int](), list[int]()
    while prefix.shorter:
        classes.append(prefix.symbol)
        frames.append(min(prefix.frame, frames[-1]) if frames else prefix.frame)
        prefix = prefix.shorter
    return Path(classes[::-1], frames[::-1])
