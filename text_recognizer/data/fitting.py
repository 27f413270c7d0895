"""Where the writing stands in a picture of a line: level, at one size and at one density, whatever paper lies around it.

Scans differ in their margins, in how straight they lie, and people in how small and how closely they write. A network that
has only seen lines of one kind reads the others badly, so all are brought to the same place before it sees them. Everything
here is computed from the picture alone: the same picture gives the same line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

INK_LEVEL = 80
"""From here on a pixel is ink, of 255."""

_SLOPES = np.tan(np.radians(np.linspace(-6, 6, 49)))
_CLEARLY_BETTER = 1.02
_LEAST_ASPECT = 2.5
_ROUNDS, _SEEN = 4, 2.5
_ABOVE, _BELOW = 4.2, 3.6
_FAINT, _AROUND = 0.03, 0.3
_STROKE = 0.245
_NARROWER, _WIDER = 0.4, 2.5
_FEWEST_STROKES = 4
_BESIDE = 0.12


@dataclass(frozen=True)
class Fit:
    """A piece of a picture, in its pixels: the writing falls by `slope` pixels per pixel to the right about the middle
    column; levelled, it lies between `left` and `right`, `top` and `bottom`, which may be outside the picture.

    `aspect` is the width that it is brought to, in heights.
    """

    slope: float
    left: float
    top: float
    right: float
    bottom: float
    aspect: float

    def column(self, share: float) -> float:
        """The column of the picture that lies at this share (0 to 1) of the fitted line."""
        return self.left + share * (self.right - self.left)


def fit_of(ink: np.ndarray) -> Fit:
    """Where the writing stands in uint8 (height, width), ink bright. An empty picture is taken as a whole."""
    height, width = ink.shape
    slope = slope_of(ink)
    level = ink if not slope else levelled(ink, slope)
    lower = (level.shape[0] - height) / 2
    middle, spread = band_of(level)
    columns = np.flatnonzero((_rows(level, middle, 2 * spread) > INK_LEVEL).any(axis=0))
    if not len(columns):
        return Fit(0.0, 0.0, 0.0, float(width), float(height), width / height)
    top, bottom = (row - lower for row in _rows_taken(level, middle, spread))
    beside = _BESIDE * (bottom - top)
    left, right = columns[0] - beside, columns[-1] + 1 + beside
    natural = (right - left) / (bottom - top)
    return Fit(slope, left, top, right, bottom, _aspect(natural, strokes_of(level, middle, spread)))


def fitted(ink: np.ndarray, fit: Fit, height: int, narrowest: int) -> np.ndarray:
    """That piece of the picture, uint8 (height, width), black where it reaches beyond it."""
    level = ink if not fit.slope else levelled(ink, fit.slope)
    lower = (level.shape[0] - ink.shape[0]) / 2
    box = np.array([fit.left, fit.top + lower, fit.right, fit.bottom + lower])
    room = int(np.ceil(max(0.0, -box.min(), box[2] - level.shape[1], box[3] - level.shape[0])))
    size = (max(narrowest, round(fit.aspect * height)), height)
    whole = Image.fromarray(np.pad(level, room))
    return np.asarray(whole.resize(size, Image.Resampling.BOX, box=tuple((box + room).tolist())))


def slope_of(ink: np.ndarray) -> float:
    """How far the writing falls to the right, in pixels per pixel: the slope along which rows are fullest.

    Looked for up to 6 degrees in steps of a quarter; 0.0 where none is clearly better, and for short lines, whose few letters
    say little. Level rows of letters put their ink into few rows, so the sum of the squared row sums is largest.
    """
    rows, columns = np.nonzero(ink > INK_LEVEL)
    if not len(rows) or np.ptp(columns) < _LEAST_ASPECT * np.ptp(rows):
        return 0.0
    beside = columns - (ink.shape[1] - 1) / 2
    most = int(np.ceil(abs(_SLOPES[0]) * ink.shape[1] / 2)) + 1
    fullness = [float(np.square(np.bincount(np.rint(rows - s * beside).astype(np.int64) + most)).sum()) for s in _SLOPES]
    best = int(np.argmax(fullness))
    return float(_SLOPES[best]) if fullness[best] > _CLEARLY_BETTER * fullness[len(_SLOPES) // 2] else 0.0


def levelled(ink: np.ndarray, slope: float) -> np.ndarray:
    """The columns moved up or down until the slope is gone, about the middle column; higher by what sticks out, evenly."""
    height, width = ink.shape
    room = int(np.ceil(abs(slope) * width / 2))
    onto = (1, 0, 0, slope, 1, -room - slope * width / 2)
    moved = Image.fromarray(ink).transform((width, height + 2 * room), Image.Transform.AFFINE, onto, Image.Resampling.BILINEAR)
    return np.asarray(moved)


def band_of(ink: np.ndarray) -> tuple[float, float]:
    """The middle row of the writing and the standard deviation of its ink about it, in pixels.

    Found in a few rounds, each without what the one before has found to be far away: other lines, marks, edges.
    """
    amount = np.where(ink > INK_LEVEL, ink, 0).sum(axis=1, dtype=np.float64)
    row = np.arange(len(amount)) + 0.5
    middle, spread = len(amount) / 2, float(len(amount))
    for _ in range(_ROUNDS):
        near = amount * (abs(row - middle) <= _SEEN * spread)
        if not near.any():
            break
        middle = float(np.average(row, weights=near))
        spread = max(1.0, float(np.average((row - middle) ** 2, weights=near)) ** 0.5)
    return middle, spread


def _rows_taken(ink: np.ndarray, middle: float, spread: float) -> tuple[float, float]:
    """From where to where the writing reaches, but not farther than writing does: beyond that are other lines and marks."""
    amount = np.where(ink > INK_LEVEL, ink, 0).sum(axis=1, dtype=np.float64)
    written = np.flatnonzero(amount > _FAINT * amount.max())
    top = max(middle - _ABOVE * spread, written[0] - _AROUND * spread)
    return top, min(middle + _BELOW * spread, written[-1] + 1 + _AROUND * spread)


def strokes_of(ink: np.ndarray, middle: float, spread: float) -> float:
    """How many strokes a row crosses: the mean of the three rows of the band that cross most."""
    there = _rows(ink, middle, spread) > INK_LEVEL
    crossed = np.sort((there[:, 1:] & ~there[:, :-1]).sum(axis=1))
    return float(crossed[-3:].mean()) if len(crossed) else 0.0


def _aspect(natural: float, strokes: float) -> float:
    """As wide as so many strokes mostly are, within limits; a handful of strokes says nothing of a hand."""
    if strokes < _FEWEST_STROKES:
        return natural
    return float(np.clip(strokes * _STROKE, _NARROWER * natural, _WIDER * natural))


def _rows(ink: np.ndarray, middle: float, reach: float) -> np.ndarray:
    return ink[max(0, int(middle - reach)) : max(0, int(middle + reach) + 1)]
