"""Lines of a page that nobody has marked, found by their ink: for clean pages with one column of fairly level lines.

The page is smeared along the direction of writing, so that a line becomes a ridge (after Li, Zheng, Doermann and Jaeger 2008),
and pieces of ridges that continue each other are one line. Its baseline lies where the ink below the ridge falls off most
steeply. Columns close side by side, lines that cross or bend much, and text that stands upright are beyond it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image
from scipy import ndimage

from text_recognizer.data.line_images import with_even_contrast
from text_recognizer.data.page_parts import PageLine
from text_recognizer.data.turns import in_picture, turned

_SIDE = 1300  # pixels that the longer side of a page is looked at with
_SPECK = 6  # pixels of ink: less is dirt
_LEAST_DISTANCE = 8  # pixels of it
_TALLEST = 0.25  # of the page: what is higher is its edge, or a fold
_ACROSS, _ALONG = 0.17, 0.9  # of the distance of lines, by which the page is smeared
_APART = 0.35  # of that distance: ridges are farther apart
_FAINT = 0.3  # of the ink of a typical ridge: less is none
_SHORTEST = 0.6  # of the distance of lines: a shorter ridge is no line
_GAP, _STEP = 2.5, 0.45  # of that distance: how far right and how far up or down a line may go on
_ABOVE, _BELOW = 0.6, 0.24  # of that distance: what of a page belongs to a line, about its baseline


def lines_of(grey: np.ndarray, turn: int = 0) -> tuple[PageLine, ...]:
    """The lines of a page, uint8 (height, width), from top to bottom, named line_1 and so on; () where none is found. Of a page
    that has to be turned (see `turns`), in pixels of the page as it lies."""
    height, width = grey.shape
    return tuple(_back(line, turn, (width, height)) for line in _level_lines(turned(grey, turn)))


def _back(line: PageLine, turn: int, size: tuple[int, int]) -> PageLine:
    """A line of the page that was turned, where it is in the page as it lies."""
    baseline, outline = (in_picture(points, turn, size) for points in (line.baseline, line.outline))
    return replace(line, baseline=baseline, outline=outline, turn=turn)


def _level_lines(grey: np.ndarray) -> tuple[PageLine, ...]:
    scale = min(1.0, _SIDE / max(grey.shape))
    ink = _ink(grey, scale)
    distance = _distance(ink)
    if not distance:
        return ()
    ink = _without_rules(ink, distance)
    sums = np.vstack([np.zeros(ink.shape[1], int), ink.cumsum(axis=0)])
    ridges = _joined([each for ridge in _ridges(ink, distance) if len(each := _with_ink(ridge, sums, distance))], distance)
    ridges = sorted(ridges, key=lambda ridge: float(np.median(ridge[:, 1])))
    return tuple(_line(number, ridge, ink, distance, scale) for number, ridge in enumerate(ridges, start=1))


def _ink(grey: np.ndarray, scale: float) -> np.ndarray:
    """Where there is writing, bool (height, width) of the page made smaller; without shadows, edges of the sheet, and dirt."""
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    bright = with_even_contrast(np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))).astype(np.float32)
    local = bright - ndimage.uniform_filter(bright, 41)
    ink = local > max(24.0, 0.35 * float(np.percentile(local, 99)))
    names, high, wide = _parts(ink)
    areas = np.bincount(names.ravel(), minlength=len(high) + 1)[1:]
    return np.r_[False, (areas >= _SPECK) & (high < _TALLEST * ink.shape[0]) & (wide < 0.95 * ink.shape[1])][names]


def _parts(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The connected parts of ink, numbered from 1 on in place of it, and how high and how wide each is (N,)."""
    names, _ = ndimage.label(ink, np.ones((3, 3)))
    places = ndimage.find_objects(names)
    high, wide = (np.array([place[axis].stop - place[axis].start for place in places]).reshape(-1) for axis in (0, 1))
    return names, high, wide


def _without_rules(ink: np.ndarray, distance: float) -> np.ndarray:
    """The ink without what is long and flat: ruled lines, and strokes that fill a line up to its end."""
    names, high, wide = _parts(ink)
    return np.r_[False, (wide < 2.5 * distance) | (high > 0.35 * distance)][names]


def _distance(ink: np.ndarray) -> float:
    """How far the lines of a page are apart, in pixels: the shift at which its strips are most like themselves; 0 without ink."""
    if not ink.any():
        return 0.0
    strips = [strip.sum(axis=1).astype(float) for strip in np.array_split(ink, 8, axis=1)]
    longest = len(ink) // 2
    total = np.zeros(longest)
    for strip in strips:
        smooth = ndimage.gaussian_filter1d(strip, 2.0)
        smooth -= smooth.mean()
        total += np.correlate(smooth, smooth, "full")[len(smooth) - 1 :][:longest]
    return _first_peak(total) or _height_of_letters(ink)


def _first_peak(likeness: np.ndarray) -> float:
    """The shift of the first high peak beyond the first valley, 0 where there is none: twice the distance is a peak as well."""
    inner = likeness[1:-1]
    peaks = 1 + np.flatnonzero((inner > likeness[:-2]) & (inner >= likeness[2:]))
    peaks = peaks[(peaks >= _LEAST_DISTANCE) & (likeness[peaks] > 0.1 * likeness[0])]
    return float(peaks[likeness[peaks] > 0.6 * likeness[peaks].max()][0]) if len(peaks) else 0.0


def _height_of_letters(ink: np.ndarray) -> float:
    return 1.6 * float(np.percentile(_parts(ink)[1], 75))


def _ridges(ink: np.ndarray, distance: float) -> Iterator[np.ndarray]:
    """Pieces of lines: places (N, 2) of x and y, one for each column, where the smeared ink is strongest."""
    smeared = ndimage.gaussian_filter(ink.astype(np.float32), (_ACROSS * distance, _ALONG * distance))
    top = smeared == ndimage.maximum_filter1d(smeared, 2 * max(1, round(_APART * distance)) + 1, axis=0)
    strong = np.percentile(smeared[top & (smeared > 1e-3)], 75) if (top & (smeared > 1e-3)).any() else 1.0
    names, _ = ndimage.label(ndimage.binary_dilation(top & (smeared > _FAINT * strong), np.ones((3, 3))), np.ones((3, 3)))
    for number, (_, columns) in enumerate(ndimage.find_objects(names), start=1):
        if columns.stop - columns.start >= 0.5 * distance:
            yield _middle(np.where(names[:, columns] == number, smeared[:, columns], 0.0), columns.start)


def _middle(ridge: np.ndarray, left: int) -> np.ndarray:
    """Where a ridge (height, N) is strongest in each of its columns: places (N, 2) of x and y."""
    rows = np.arange(len(ridge))
    return np.stack([left + np.arange(ridge.shape[1]), rows @ ridge / ridge.sum(axis=0)], axis=1)


def _with_ink(ridge: np.ndarray, sums: np.ndarray, distance: float) -> np.ndarray:
    """The ridge from the first to the last column that has ink about it, for smearing has made it longer; `sums` (height + 1,
    width) is the ink above each row."""
    above, below = (np.clip(np.rint(ridge[:, 1] + side * 0.4 * distance), 0, len(sums) - 1).astype(int) for side in (-1, 1))
    columns = ridge[:, 0].astype(int)
    inked = np.flatnonzero(sums[below, columns] > sums[above, columns])
    return ridge[inked[0] : inked[-1] + 1] if len(inked) else ridge[:0]


def _joined(pieces: list[np.ndarray], distance: float) -> list[np.ndarray]:
    """The pieces with those put together that continue each other, the nearest first; without what is too short for a line."""
    found = [(gap, i, j) for i, a in enumerate(pieces) for j, b in enumerate(pieces) if i != j and (gap := _gap(a, b, distance))]
    after: dict[int, int] = {}
    before: set[int] = set()
    for _, i, j in sorted(found):
        if i not in after and j not in before:
            after[i] = j
            before.add(j)
    lines = [np.concatenate(list(_chain(i, after, pieces))) for i in range(len(pieces)) if i not in before]
    return [line for line in lines if np.ptp(line[:, 0]) >= _SHORTEST * distance]


def _chain(first: int, after: dict[int, int], pieces: list[np.ndarray]) -> Iterator[np.ndarray]:
    number: int | None = first
    while number is not None:
        yield pieces[number]
        number = after.get(number)


def _gap(a: np.ndarray, b: np.ndarray, distance: float) -> float:
    """How far it is from the end of one piece to the start of the next, where that may be the same line; else 0."""
    along = float(b[0, 0] - a[-1, 0])
    if not -0.5 * distance <= along <= _GAP * distance or b[0, 0] <= a[0, 0]:
        return 0.0
    reach = round(2 * distance)
    step = abs(float(np.median(b[:reach, 1]) - np.median(a[-reach:, 1])))
    return max(along, 0.0) + 3 * step + 1e-3 if step <= _STEP * distance else 0.0


def _line(number: int, ridge: np.ndarray, ink: np.ndarray, distance: float, scale: float) -> PageLine:
    """The line of a ridge in pixels of the page: its baseline, and an outline about it."""
    x, y = _smooth(ridge, distance)
    y = y + _drop(x, y, ink, distance)
    baseline = np.stack([x, y], axis=1)
    upper, lower = baseline.copy(), baseline[::-1].copy()
    upper[:, 1] -= _ABOVE * distance
    lower[:, 1] += _BELOW * distance
    return PageLine(f"line_{number}", "", baseline / scale, np.concatenate([upper, lower]) / scale)


def _smooth(ridge: np.ndarray, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """The middle of a line at places about as far apart as its lines are, from one end of its ridge to the other."""
    x, order = np.unique(ridge[:, 0], return_index=True)
    y = ndimage.gaussian_filter1d(np.interp(np.arange(x[0], x[-1] + 1), x, ridge[order, 1]), distance, mode="nearest")
    at = np.linspace(0, len(y) - 1, max(2, round(len(y) / distance) + 1)).round().astype(int)
    return x[0] + at.astype(float), y[at]


def _drop(x: np.ndarray, y: np.ndarray, ink: np.ndarray, distance: float) -> float:
    """How far the baseline lies below the middle of a line: where most of the ink has come to its end."""
    columns = np.arange(int(x[0]), int(x[-1]) + 1)
    middle = np.rint(np.interp(columns, x, y)).astype(int)
    offsets = np.arange(round(-0.2 * distance), max(2, round(0.5 * distance)) + 1)
    rows = np.clip(middle[None, :] + offsets[:, None], 0, ink.shape[0] - 1)
    profile = ndimage.gaussian_filter1d(ink[rows, columns].sum(axis=1).astype(float), max(1.0, 0.04 * distance))
    return float(offsets[int(np.argmin(np.diff(profile)))] + 1)
