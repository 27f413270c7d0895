"""Lines of writing in three splits, whatever they come from."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from text_recognizer.data.data_set import SPLITS, DataSet
from text_recognizer.errors import DataError


@dataclass(frozen=True)
class LineSplit:
    """Images uint8 (height, width), all of one height and each with a width of its own, and their texts in the same order.

    Ink is bright, paper is 0. The images may be views of a file on disk, and must not be written to.
    """

    images: tuple[np.ndarray, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def first(self, number: int) -> LineSplit:
        """The first lines alone."""
        return LineSplit(self.images[:number], self.texts[:number])


Lines = DataSet[LineSplit]
"""The classes are the characters that a text may hold, in their order (the blank comes before).

A character of `val` or `test` that is not in `classes` cannot be read, and counts as an error in their figures.
"""


def one_line(raw: str) -> str:
    """A text as a line holds it: in NFC, with single spaces between its words and none around them."""
    return unicodedata.normalize("NFC", " ".join(raw.split()))


def assembled(source: Path, images: Sequence[np.ndarray], texts: Sequence[str], splits: Sequence[str]) -> Lines:
    """The three splits of lines that each have a split; those without a text are left out.

    Where nothing is in `test`, the lines of `val` are also the test. The classes are the characters of `train`, sorted.
    Raises DataError, which names the source, where `train` or `val` is empty.
    """
    train, val, test = (_of_split(images, texts, [s == split for s in splits]) for split in SPLITS)
    if not len(train) or not len(val):
        empty = "train" if not len(train) else "val"
        raise DataError(
            f"{source}: no line is in split {empty}; name it in a column split, or give more writers or pages, or another seed"
        )
    return Lines(train, val, test if len(test) else val, "".join(sorted(set("".join(train.texts)))))


def _of_split(images: Sequence[np.ndarray], texts: Sequence[str], here: Sequence[bool]) -> LineSplit:
    chosen = [i for i, text in enumerate(texts) if here[i] and text]
    return LineSplit(tuple(images[i] for i in chosen), tuple(texts[i] for i in chosen))
