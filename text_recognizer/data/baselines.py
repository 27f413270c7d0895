"""A line cut out of its page along its baseline: straightened, and without its neighbours.

A box around a sloping or bent line holds half of the lines above and below it. Here every column of the result stands
upright on the baseline, and what lies outside of the line's outline becomes paper. Outlines drawn by programs are often
too tight or far too wide: how far a line reaches above and below its baseline is kept within 0.75 to 1.6 times the page's
median, and a band around the baseline is never masked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from text_recognizer.data.page_parts import PageLine
from text_recognizer.data.turns import heading

_LEAST, _MOST = 0.75, 1.6
_BAND = 0.5
_SMALLEST = 4.0


def reaches(lines: Sequence[PageLine]) -> np.ndarray:
    """How far each line reaches above and below its baseline, pixels (N, 2), within bounds of the page's median."""
    raw = np.array([_reach(line) for line in lines]).reshape(-1, 2)
    median = np.maximum(np.median(raw, axis=0), _SMALLEST) if len(raw) else np.full(2, _SMALLEST)
    return np.clip(raw, _LEAST * median, _MOST * median)


def along_baseline(page: np.ndarray, line: PageLine, reach: np.ndarray) -> np.ndarray:
    """The line, uint8 (reach above + below, length of the baseline), from a page uint8 (height, width); paper is the page's
    brightness around the line."""
    places_W2, normals_W2 = _walk(line)
    above, below = (round(float(r)) for r in reach)
    offsets_H = np.arange(-above, below)
    x_HW = places_W2[:, 0] + offsets_H[:, None] * normals_W2[:, 0]
    y_HW = places_W2[:, 1] + offsets_H[:, None] * normals_W2[:, 1]
    pixels = _sampled(page, x_HW, y_HW)
    inside = _sampled(_mask(page.shape, line.outline), x_HW, y_HW) > 127
    band = (offsets_H > -_BAND * above) & (offsets_H < _BAND * below)
    keep = inside | band[:, None]
    return np.where(keep, pixels, np.percentile(pixels[keep], 70)).astype(np.uint8)


def along(line: PageLine) -> np.ndarray:
    """The x in its page at which each column of `along_baseline` stands, (length of the baseline,); of one on its side the y."""
    return _walk(line)[0][:, line.turn % 180 // 90]


def _reach(line: PageLine) -> tuple[float, float]:
    """The farthest points of the outline above and below the baseline, along its normals."""
    places, normals = _walk(line)
    nearest = np.abs((line.outline @ heading(line.turn))[:, None] - places @ heading(line.turn)).argmin(axis=1)
    offsets = ((line.outline - places[nearest]) * normals[nearest]).sum(axis=1)
    return max(0.0, -float(offsets.min())), max(0.0, float(offsets.max()))


def _walk(line: PageLine) -> tuple[np.ndarray, np.ndarray]:
    """Points (W, 2) a pixel apart along the baseline as it is read, and the unit normals there, which point down the letters."""
    forwards = (line.baseline[-1] - line.baseline[0]) @ heading(line.turn) >= 0
    baseline = line.baseline if forwards else line.baseline[::-1]
    steps = np.hypot(*np.diff(baseline, axis=0).T)
    baseline, steps = baseline[np.r_[True, steps > 0]], steps[steps > 0]
    along = np.r_[0.0, np.cumsum(steps)]
    count = max(2, int(np.ceil(along[-1])))
    at = np.linspace(0.0, along[-1], count)
    places = np.stack([np.interp(at, along, baseline[:, i] if len(baseline) > 1 else baseline[:1, i]) for i in (0, 1)], axis=1)
    reach = max(1, count // 20)  # the direction over a twentieth of the line, so that columns do not fan out at a corner
    ahead = places[np.minimum(np.arange(count) + reach, count - 1)] - places[np.maximum(np.arange(count) - reach, 0)]
    length = np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    return places, np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / length


def _mask(shape: tuple[int, ...], outline: np.ndarray) -> np.ndarray:
    mask = Image.new("L", (shape[1], shape[0]), 0)
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in outline], fill=255)
    return np.asarray(mask)


def _sampled(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The image between its pixels (bilinear), its edge repeated outside."""
    height, width = image.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.minimum(x.astype(int), width - 2), np.minimum(y.astype(int), height - 2)
    dx, dy = x - left, y - top
    upper = image[top, left] * (1 - dx) + image[top, left + 1] * dx
    lower = image[top + 1, left] * (1 - dx) + image[top + 1, left + 1] * dx
    return upper * (1 - dy) + lower * dy


def section(line: PageLine, start: float, end: float) -> np.ndarray:
    """The outline, float (4, 2), of what lies between two shares (0 to 1, from the left) of a line that was cut out."""
    places, normals = _walk(line)
    (above, below), last = reaches([line])[0], len(places) - 1
    left, right = round(min(max(start, 0.0), 1.0) * last), round(min(max(end, 0.0), 1.0) * last)
    corners = [(left, -above), (right, -above), (right, below), (left, below)]
    return np.array([places[at] + reach * normals[at] for at, reach in corners])
