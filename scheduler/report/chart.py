"""A chart of several curves in the characters of a terminal, with its axes. Pure."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence

from scheduler.actions.curves import Spot
from scheduler.report.canvas import ACROSS, Canvas, Piece
from scheduler.values import dataclass

NARROWEST, LOWEST = 20, 4  # characters of the drawing itself
LABELLED = 4  # a label on the y axis each so many rows
LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Frame:
    """What part of the plane is shown. Of a `log` scale the y are logarithms."""

    left: float
    right: float
    bottom: float
    top: float
    log: bool = False

    def across(self, value: float) -> float:
        """Where a value lies on the x axis, 0 the left, 1 the right."""
        return _part(value, self.left, self.right)

    def up(self, value: float) -> float:
        """Where a value lies on the y axis, 0 the bottom, 1 the top."""
        return _part(math.log10(value) if self.log else value, self.bottom, self.top)

    def x(self, value: float, dots: int) -> int:
        return round(self.across(value) * (dots - 1))

    def y(self, value: float, dots: int) -> int:
        """Counted from the top."""
        return dots - 1 - round(self.up(value) * (dots - 1))

    def width_at(self, part: float) -> float:
        """The value at a part of the width."""
        return _between(self.left, self.right, part)

    def height_at(self, part: float) -> float:
        """The value at a part of the height."""
        value = _between(self.bottom, self.top, part)
        return _ten_to(value) if self.log else value


def _part(value: float, low: float, high: float) -> float:
    # Of two far ends the difference is no number: that of their halves is.
    return (value / 2 - low / 2) / (high / 2 - low / 2)


def _between(low: float, high: float, part: float) -> float:
    return low * (1 - part) + high * part


def _ten_to(value: float) -> float:
    try:
        return 10.0**value
    except OverflowError:
        return LARGEST


def chart(
    lines: Sequence[Sequence[Spot]], width: int, height: int, *, log: bool = False, marks: bool = False
) -> list[list[Piece]]:
    """The lines, each with the pen of its number, in `width` x `height` characters with the axes: rows from the top down. A point
    that stands for several rows is drawn from their least to their greatest, so that no spike is lost. On a `log` scale what is
    not above 0 is left out. Nothing to draw is no rows."""
    drawn = [[spot for spot in line if _can_be_drawn(spot, log=log)] for line in lines]
    frame = frame_of((spot for line in drawn for spot in line), log=log)
    if frame is None:
        return []
    rows = max(height - 2, LOWEST)
    labels = _labels(frame, rows)
    room = max(map(len, labels))
    canvas = Canvas(max(width - room - 2, NARROWEST), rows)
    for pen in reversed(range(len(drawn))):  # the first, which is the best, is never covered
        _draw(canvas, frame, drawn[pen], pen)
    tick, corner, dash = ("|", "+", "-") if marks else ("┤", "└", "─")
    body = [
        [(f"{label:>{room}} {tick if label else ('|' if marks else '│')}", None), *row]
        for label, row in zip(labels, canvas.rows(marks=marks), strict=True)
    ]
    axis: list[Piece] = [(f"{'':{room}} {corner}{dash * canvas.width}", None)]
    return [*body, axis, [(f"{'':{room}}  {_below(frame, canvas.width)}", None)]]


def _can_be_drawn(spot: Spot, *, log: bool) -> bool:
    return math.isfinite(spot.x) and math.isfinite(spot.value) and (not log or spot.value > 0)


def frame_of(spots: Iterable[Spot], *, log: bool = False) -> Frame | None:
    """What holds all of them, with the extremes of what they stand for; None of none."""
    found = list(spots)
    if not found:
        return None
    low, high = min(min(_extent(spot)) for spot in found), max(max(_extent(spot)) for spot in found)
    if log:
        positive = [value for spot in found for value in _extent(spot) if value > 0]
        low, high = math.log10(min(positive)), math.log10(max(positive))
    left, right = min(spot.x for spot in found), max(spot.x for spot in found)
    return Frame(*_apart(left, right), *_apart(low, high), log)


def _apart(low: float, high: float) -> tuple[float, float]:
    """Two different ends: a line that is level lies in the middle."""
    if high > low:
        return low, high
    some = abs(low) * 0.05 or 1.0
    return max(low - some, -LARGEST), min(high + some, LARGEST)


def _extent(spot: Spot) -> tuple[float, float]:
    """From where to where a point is drawn: what was smoothed, at its value alone."""
    raw = spot.value == spot.point.last
    return (min(spot.point.low, spot.value), max(spot.point.high, spot.value)) if raw else (spot.value, spot.value)


def _draw(canvas: Canvas, frame: Frame, line: Sequence[Spot], pen: int) -> None:
    across, down = canvas.dots
    before: tuple[int, int] | None = None
    for spot in line:
        x, y = frame.x(spot.x, across), frame.y(spot.value, down)
        low, high = (value if value > 0 or not frame.log else spot.value for value in _extent(spot))
        canvas.line(x, frame.y(low, down), x, frame.y(high, down), pen)
        if before and not spot.after_gap:
            canvas.line(*before, x, y, pen)
        before = (x, y)


def _labels(frame: Frame, rows: int) -> list[str]:
    """One for each row of the y axis, most of them empty."""
    places = {rows - 1, *range(0, rows - LABELLED // 2, LABELLED)}
    values = {row: frame.height_at(1 - row / (rows - 1)) for row in places}
    texts = numbers_apart(list(values.values()))
    named = dict(zip(values, texts, strict=True))
    return [named.get(row, "") for row in range(rows)]


def numbers_apart(values: Sequence[float]) -> list[str]:
    """Numbers in as few digits as tell them apart."""
    for digits in range(3, 8):
        texts = [f"{value:.{digits}g}" for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def _below(frame: Frame, width: int) -> str:
    """The numbers below the x axis: its ends and its middle."""
    left, middle, right = numbers_apart([frame.width_at(part) for part in (0.0, 0.5, 1.0)])
    gap = width // ACROSS - len(left) - len(middle) // 2
    text = f"{left}{'':{max(gap, 1)}}{middle}"
    return f"{text}{'':{max(width - len(text) - len(right), 1)}}{right}"
