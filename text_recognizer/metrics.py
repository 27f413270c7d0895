"""How wrong the predictions are: over the whole set, not averaged over lines."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True)
class Character:
    """A character that was read, how sure that is (0 to 1), and from where to where it reaches as shares of the line's width,
    where that is known."""

    text: str
    confidence: float
    extent: tuple[float, float] | None = None


@dataclass(frozen=True)
class Prediction:
    """What was read beside what was written; `confidence` is between 0 and 1. Of lines also `characters`, one after another."""

    target: str
    prediction: str
    confidence: float
    characters: tuple[Character, ...] = ()


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions that turn `a` into `b` (Levenshtein 1966)."""
    return Levenshtein.distance(a, b)


def matched(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[bool]:
    """Which of `a` stand in `b` as well, in an alignment of the two with the fewest edits."""
    found = [True] * len(a)
    for edit in Levenshtein.editops(a, b):
        if edit.tag != "insert":
            found[edit.src_pos] = False
    return found


def words_of(characters: Sequence[Character]) -> list[tuple[Character, ...]]:
    """The characters of each word: of what stands between white space, punctuation with it."""
    groups = itertools.groupby(characters, key=lambda character: character.text.isspace())
    return [tuple(group) for space, group in groups if not space]


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
