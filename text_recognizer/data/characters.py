"""GeneratedCharacters: single handwritten letters and digits, 28 x 28, in the manner of EMNIST."""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np

from text_recognizer.data.data_set import SPLITS, DataSet
from text_recognizer.data.drawing import draw
from text_recognizer.data.options import CharacterOptions, sizes_of
from text_recognizer.data.strokes import HANDS, hand, layout
from text_recognizer.data.styles import draw_style

SIDE = 28
_BOX = 20.0

MERGED = {**{c: c.upper() for c in "cjkmpsuvwxyz"}, "O": "0", "o": "0", "I": "1", "i": "1", "l": "1"}
"""Characters that count as another one, since a glyph alone, scaled to its box, does not tell them apart: the pairs of
EMNIST's balanced split (Cohen et al. 2017); but O and o count as 0, and I, i and l as 1, which the fonts draw alike."""

CLASSES = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabdefghnqrt"
"""The 45 classes: EMNIST's balanced 47 without O (in 0) and I (in 1)."""

CHARACTERS = string.digits + string.ascii_letters


@dataclass(frozen=True)
class CharacterSplit:
    """Images uint8 (N, 28, 28) and class numbers int64 (N,)."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, number: int) -> CharacterSplit:
        """The first images alone."""
        return CharacterSplit(self.images[:number], self.labels[:number])


Characters = DataSet[CharacterSplit]
"""The names of the classes stand in the order of their numbers."""


def generated_characters(options: CharacterOptions) -> Characters:
    """The whole data set, all classes alike in number. The same options, numpy and Pillow give the same bytes."""
    sizes = sizes_of(options)
    train, val, test = (_split(s, sizes[s], options.seed) for s in SPLITS)
    return Characters(train, val, test, CLASSES)


def class_of(character: str) -> int:
    """The class number of a letter or digit."""
    return CLASSES.index(MERGED.get(character, character))


def write(character: str, split: str, rng: np.random.Generator) -> np.ndarray:
    """One character, uint8 (28, 28), scaled to a box of about 20 pixels and set near the middle, as in EMNIST."""
    style = draw_style(split, rng)
    glyphs = hand(HANDS[rng.integers(len(HANDS))])
    ink = layout(character, glyphs, style, rng)
    low, high = ink.points.min(axis=0), ink.points.max(axis=0)
    scale = _BOX * rng.uniform(0.85, 1.05) / max(*(high - low), 1.0)
    middle = SIDE / 2 + rng.uniform(-0.5, 0.5, 2)
    pixels = (ink.points - (low + high) / 2) * scale + middle
    return draw(ink.bent(pixels), SIDE, SIDE, style.pen)


def _split(split: str, size: int, seed: int) -> CharacterSplit:
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    members = [[c for c in CHARACTERS if class_of(c) == k] for k in range(len(CLASSES))]
    labels = rng.permutation(np.arange(size) % len(CLASSES))
    images = [write(members[k][rng.integers(len(members[k]))], split, rng) for k in labels]
    return CharacterSplit(np.stack(images), labels.astype(np.int64))
