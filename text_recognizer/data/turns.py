"""Quarter turns: pages that lie on their side or upside down, where their lines are, and which way up a page is read.

A turn is by how many degrees a picture has to be turned clockwise for its writing to stand upright: 0, 90, 180 or 270.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

TURNS = (0, 90, 180, 270)
MOST_LINES = 8
"""How many lines of a page are read in each turn, to tell which way up it is."""

_FEWEST = 3  # lines in another turn: fewer say nothing
_SURE, _FAR_SURER = 0.75, 0.15  # of a page in another turn: at least so sure, and surer by so much than as it lies

# What a turn makes of a point, as rows of a matrix, with y that grows downwards.
_CLOCKWISE = {0: ((1, 0), (0, 1)), 90: ((0, -1), (1, 0)), 180: ((-1, 0), (0, -1)), 270: ((0, 1), (-1, 0))}


def turned(grey: np.ndarray, turn: int) -> np.ndarray:
    """The picture turned clockwise, uint8 (height, width), or (width, height) where it lies on its side."""
    return np.ascontiguousarray(np.rot90(grey, -turn // 90))


def upright(points: np.ndarray, turn: int) -> np.ndarray:
    """Points (N, 2) of x and y turned clockwise about the origin."""
    return points @ np.array(_CLOCKWISE[turn], float).T if turn else points


def in_picture(points: np.ndarray, turn: int, size: tuple[int, int]) -> np.ndarray:
    """Points (N, 2) of a picture that was turned, in pixels of the picture as it lies, whose width and height `size` is."""
    width, height = size
    corner = ((width - 1) * (turn in (180, 270)), (height - 1) * (turn in (90, 180)))
    return points @ np.array(_CLOCKWISE[turn], float) + corner if turn else points


def heading(turn: int) -> np.ndarray:
    """The direction (2,) in which lines are read in the picture as it lies."""
    return np.array(_CLOCKWISE[turn][0], float)


def quarter(degrees: float) -> int:
    """The turn that is nearest to an angle, which may be negative."""
    return round(min(max(degrees, -360.0), 360.0) / 90) % 4 * 90


def stands(sureness: Sequence[float]) -> bool:
    """Whether a page is read so surely as it lies that no other turn could be taken for it. `sureness`: of some of its lines,
    0 to 1."""
    return len(sureness) > 0 and _mean(sureness) > 1 - _FAR_SURER


def way_up(sureness: Mapping[int, Sequence[float]]) -> int:
    """The turn in which a page is read, from how sure (0 to 1) a reader is of some of its lines in each: 0, unless another is
    read far more surely. To turn an upright page would spoil it, and one that lies on its side is spoilt as it is."""
    means = {turn: _mean(values) for turn, values in sureness.items() if len(values) >= (_FEWEST if turn else 1)}
    surest = max(means, key=lambda turn: means[turn], default=0)
    return surest if means.get(surest, 0.0) >= max(_SURE, means.get(0, 0.0) + _FAR_SURER) else 0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
