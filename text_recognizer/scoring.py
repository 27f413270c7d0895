"""How wrong a reader is, and how sure that figure is: error rates with intervals, by writer, and what is taken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from text_recognizer.metrics import Prediction, edit_distance

_CONFIDENCE = (2.5, 97.5)


@dataclass(frozen=True)
class Line:
    """One line that was read: where it comes from, who wrote it, what stands there and what was read."""

    source: str
    writer: str
    prediction: Prediction

    @property
    def characters(self) -> tuple[int, int]:
        """Edits, and characters of what stands there."""
        return edit_distance(self.prediction.prediction, self.prediction.target), len(self.prediction.target)

    @property
    def words(self) -> tuple[int, int]:
        """The same of words."""
        read, written = self.prediction.prediction.split(), self.prediction.target.split()
        return edit_distance(read, written), len(written)


@dataclass(frozen=True)
class Rate:
    """An error rate over a whole set, 0 or more, and between which figures it lies in 95 of 100 sets of other such writers."""

    figure: float
    low: float
    high: float


@dataclass(frozen=True)
class Hand:
    """What one writer's lines came to."""

    writer: str
    lines: int
    characters: int
    cer: float
    wer: float


def rate_of(lines: Sequence[Line], counted: Callable[[Line], tuple[int, int]], resamples: int, seed: int) -> Rate:
    """Edits over units of all lines, 1.0 where there are none of them, with its interval by bootstrap (Efron 1979).

    Drawn are writers, with all of their lines: lines of one hand are wrong together, and to draw them one by one would make
    the interval too small. The same seed gives the same interval.
    """
    totals: dict[str, np.ndarray] = {}
    for line in lines:
        totals[line.writer] = totals.get(line.writer, np.zeros(2)) + counted(line)
    per_writer = np.array([totals[writer] for writer in sorted(totals)]).reshape(-1, 2)
    drawn = np.random.default_rng(seed).integers(len(per_writer) or 1, size=(resamples, len(per_writer)))
    low, high = np.percentile(_ratio(per_writer[drawn].sum(axis=1)), _CONFIDENCE)
    return Rate(float(_ratio(per_writer.sum(axis=0))), float(low), float(high))


def by_writer(lines: Iterable[Line]) -> list[Hand]:
    """Every writer, the one who is read worst first."""
    of: dict[str, list[Line]] = {}
    for line in lines:
        of.setdefault(line.writer, []).append(line)
    hands = [_hand(writer, theirs) for writer, theirs in of.items()]
    return sorted(hands, key=lambda hand: (-hand.cer, hand.writer))


def worst(lines: Iterable[Line], number: int) -> list[Line]:
    """The lines with the most edits for their length, longer ones first among equals."""
    return sorted(lines, key=lambda line: (-line.characters[0] / max(1, line.characters[1]), -line.characters[1], line.source))[
        :number
    ]


def confusions(lines: Iterable[Line], number: int) -> list[tuple[str, str, int]]:
    """What stands there, what was read in its place ("" for nothing), and how often: the commonest."""
    counted = Counter(pair for line in lines for pair in mistakes(line.prediction.prediction, line.prediction.target))
    return [(*pair, times) for pair, times in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:number]]


def mistakes(read: str, written: str) -> list[tuple[str, str]]:
    """The pairs (written, read) that differ on a shortest way from one to the other, "" where one side has nothing."""
    return [
        ("" if edit.tag == "insert" else written[edit.src_pos], "" if edit.tag == "delete" else read[edit.dest_pos])
        for edit in Levenshtein.editops(written, read)
    ]


def _hand(writer: str, lines: Sequence[Line]) -> Hand:
    characters, words = (np.sum([getattr(line, unit) for line in lines], axis=0) for unit in ("characters", "words"))
    return Hand(writer, len(lines), int(characters[1]), float(_ratio(characters)), float(_ratio(words)))


def _ratio(edits_and_units: np.ndarray) -> np.ndarray:
    edits, units = edits_and_units[..., 0], edits_and_units[..., 1]
    return np.where(units > 0, edits / np.maximum(units, 1), 1.0)
