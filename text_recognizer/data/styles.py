"""Styles of writing, in bands: what is drawn for training never shares a slant, a pen or a shakiness with what is held out.

Each property runs over a range that is cut into eleven equal bands, numbered from 0. Every sample draws each of its
properties evenly from the bands of its own split:

    train  2, 3, 5, 7, 8        val  1, 6, 9        test  0, 4, 10

so validation and test lie partly in gaps between the bands of training and partly beyond all of them, test farther out.
The properties that are not in `RANGES` (size, spacing, rotation, drift of the baseline, the hand itself) are drawn alike
for all splits: the held-out writer is new in slant, pen and shakiness, not in letter shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BAND_COUNT = 11
BANDS = {"train": (2, 3, 5, 7, 8), "val": (1, 6, 9), "test": (0, 4, 10)}

RANGES = {"slant": (-0.20, 0.45), "pen": (1.0, 2.2), "jitter": (0.0, 0.7)}
"""slant: shift to the right per height; pen: width of the stroke in pixels; jitter: displacement in units of the font,
whose capitals are 21 units high (one standard deviation)."""


@dataclass(frozen=True)
class Style:
    """How one sample is written. Units as in `RANGES`; `rotation` in radians, `size` and `spacing` are factors, `drift`
    is the height of the slow wave of the baseline in units of the font."""

    slant: float
    pen: float
    jitter: float
    rotation: float
    size: float
    spacing: float
    drift: float


def draw_style(split: str, rng: np.random.Generator) -> Style:
    """A style of this split (`train`, `val` or `test`)."""
    slant, pen, jitter = (_within(name, split, rng) for name in ("slant", "pen", "jitter"))
    return Style(
        slant=slant,
        pen=pen,
        jitter=jitter,
        rotation=rng.uniform(-0.015, 0.015),
        size=rng.uniform(0.92, 1.12),
        spacing=rng.uniform(0.92, 1.12),
        drift=rng.uniform(0.0, 1.2),
    )


def _within(name: str, split: str, rng: np.random.Generator) -> float:
    low, high = RANGES[name]
    band = BANDS[split][rng.integers(len(BANDS[split]))]
    return float(low + (band + rng.uniform(0.001, 0.999)) * (high - low) / BAND_COUNT)
