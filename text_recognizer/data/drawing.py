"""From strokes to pixels: Pillow draws with a pen of whole pixels on a larger sheet, which is then shrunk to size."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image, ImageDraw

from text_recognizer.data.strokes import Ink

_WHOLE_PEN = 4
"""Pillow's pens are whole pixels wide. The sheet is enlarged so that the pen is this wide on it, whatever it is here."""


def draw(ink: Ink, height: int, width: int, pen: float) -> np.ndarray:
    """The ink as uint8 (height, width), 255 for ink and 0 for paper; points are in pixels, `pen` is the stroke's width.

    `pen` may be any number, about 1 to 3: a pen of 1.3 pixels and one of 1.5 do differ.
    """
    enlarged = _WHOLE_PEN / pen
    sheet = Image.new("L", (round(width * enlarged), round(height * enlarged)), 0)
    line = ImageDraw.Draw(sheet).line
    flat = (ink.points * (sheet.width / width, sheet.height / height)).ravel().tolist()
    ends = (ink.starts * 2).tolist()
    for start, end in itertools.pairwise(ends):
        line(flat[start:end], fill=255, width=_WHOLE_PEN, joint="curve")
    return np.asarray(sheet.resize((width, height), Image.Resampling.BOX))
