"""From a picture of a line to what a network reads: grey, ink bright on black, even contrast, upright letters, one height."""

from __future__ import annotations

import numpy as np
from PIL import Image

from text_recognizer.data.fitting import INK_LEVEL, fit_of, fitted
from text_recognizer.data.pictures import PICTURES as PICTURES  # with it a line begins
from text_recognizer.data.pictures import open_grey as open_grey

VERSION = 2
"""Part of the key of every cache: another number makes all caches anew, after a change here or in `pictures`."""

_PAPER, _INK = 30, 99.5
_LEAST_CONTRAST = 30.0
_SHEARS = np.linspace(-0.5, 1.1, 17)
_NARROWEST = 8


def prepared(grey: np.ndarray, height: int, *, upright: bool, fit: bool = False) -> np.ndarray:
    """The line as uint8 (height, width), ink bright: contrast stretched, slant taken out where `upright`, scaled to height.

    The width follows from the height; with `fit` the writing alone is taken, level, and the width follows from how densely it
    is written (see `text_recognizer.data.fitting`). It is 8 pixels or more.
    """
    ink = with_even_contrast(grey)
    if fit:
        small = _stretched(fitted(ink, fit_of(ink), height, _NARROWEST).astype(np.float32))
    else:
        width = max(_NARROWEST, round(ink.shape[1] * height / ink.shape[0]))
        small = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BOX, reducing_gap=None))
    return sheared(small, -slant_of(small)) if upright else small


def with_even_contrast(grey: np.ndarray) -> np.ndarray:
    """Ink bright on black, uint8: the paper (the 30th percentile) at 0, the darkest half percent at 255.

    Writing that is bright on dark is taken as it stands. Faint noise on empty paper is not stretched to full strength.
    """
    ink = grey.astype(np.float32) if _is_bright_on_dark(grey) else 255 - grey.astype(np.float32)
    return _stretched(ink)


def _stretched(ink: np.ndarray) -> np.ndarray:
    paper, darkest = np.percentile(ink, [_PAPER, _INK])
    return (np.clip((ink - paper) / max(darkest - paper, _LEAST_CONTRAST), 0, 1) * 255).astype(np.uint8)


def _is_bright_on_dark(grey: np.ndarray) -> bool:
    """Paper is what there is most of. A dark one may be a dim photograph: there the farther extreme is dark ink."""
    darkest, paper, brightest = np.percentile(grey, [100 - _INK, 50, _INK])
    return bool(paper < 128 and brightest - paper >= paper - darkest)


def slant_of(ink: np.ndarray) -> float:
    """How far the letters lean to the right, in pixels per pixel of height: the shear whose columns are fullest.

    Upright strokes put their ink into few columns, so the sum of the squared column sums is largest (after Vinciarelli
    and Luettin 2001). Looked for between -0.5 and 1.1 in steps of 0.1; 0.0 for an empty image.
    """
    rows, columns = np.nonzero(ink > INK_LEVEL)
    if not len(rows):
        return 0.0
    up = (ink.shape[0] - 1) / 2 - rows
    fullness = [float(np.square(np.bincount(_column(columns, up, s, ink.shape[0]))).sum()) for s in _SHEARS]
    return float(_SHEARS[int(np.argmax(fullness))])


def sheared(ink: np.ndarray, by: float) -> np.ndarray:
    """The image leant to the right by `by` pixels per pixel of height about its middle row, wider by what sticks out."""
    height, width = ink.shape
    room = int(np.ceil(abs(by) * height / 2))
    turned = Image.fromarray(ink).transform(
        (width + 2 * room, height), Image.Transform.AFFINE, (1, by, -room - by * height / 2, 0, 1, 0), Image.Resampling.BILINEAR
    )
    return np.asarray(turned)


def _column(columns: np.ndarray, up: np.ndarray, slant: float, height: int) -> np.ndarray:
    """The column that each pixel of ink stands in once the slant is taken out, 0 or more."""
    return np.rint(columns - slant * up + 1.1 * height).astype(np.int64)
