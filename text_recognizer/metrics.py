"""How wrong the predictions are: over the whole set, not averaged over lines."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True)
class Prediction:
    """What was read beside what was written; `confidence` is between 0 and 1."""

    target: str
    prediction: str
    confidence: float


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions that turn `a` into `b` (Levenshtein 1966)."""
    return Levenshtein.distance(a, b)


def character_error_rate(predictions: Sequence[Prediction]) -> float:
    """Edits of all lines over characters of all targets (micro average), 0 or more; 1.0 for no characters at all."""
    edits = sum(edit_distance(p.prediction, p.target) for p in predictions)
    return edits / characters if (characters := sum(len(p.target) for p in predictions)) else 1.0


def word_error_rate(predictions: Sequence[Prediction]) -> float:
    """The same of words: what stands between white space, punctuation with it (micro average); 1.0 for no words at all."""
    rows = [(p.prediction.split(), p.target.split()) for p in predictions]
    edits = sum(edit_distance(read, written) for read, written in rows)
    return edits / words if (words := sum(len(written) for _, written in rows)) else 1.0


def accuracy(predictions: Sequence[Prediction]) -> float:
    """The share of predictions that equal their target, between 0 and 1."""
    return sum(p.prediction == p.target for p in predictions) / max(1, len(predictions))


def collapse(best: Sequence[int], blank: int = 0) -> list[int]:
    """CTC's best path: repeated classes count once, then blanks go (Graves et al. 2006)."""
    return [k for before, k in zip([blank, *best], best) if k not in (before, blank)]  # noqa: B905 - shifted by one
