"""From lines that each have a split to the three splits, with what is doubtful about them told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from text_recognizer.data.data_set import SPLITS
from text_recognizer.data.doubts import doubts
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.preparing import tell
from text_recognizer.errors import DataError


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
    lines = Lines(train, val, test if len(test) else val, "".join(sorted(set("".join(train.texts)))))
    for doubt in doubts(lines):
        tell(f"{source}: {doubt}")
    return lines


def _of_split(images: Sequence[np.ndarray], texts: Sequence[str], here: Sequence[bool]) -> LineSplit:
    chosen = [i for i, text in enumerate(texts) if here[i] and text]
    return LineSplit(tuple(images[i] for i in chosen), tuple(texts[i] for i in chosen))
