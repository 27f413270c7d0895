"""Lines of writing in three splits, whatever they come from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from text_recognizer.data.data_set import DataSet
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


def read_text(file: Path, otherwise: str) -> str:
    """What a file of UTF-8 says. DataError where it is none, or cannot be read; `otherwise`: what to do then."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 (byte {error.start + 1}); save it in that encoding") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); {otherwise}") from error


def one_line(raw: str) -> str:
    """A text as a line holds it: in NFC, with single spaces between its words and none around them."""
    return unicodedata.normalize("NFC", " ".join(raw.split()))
