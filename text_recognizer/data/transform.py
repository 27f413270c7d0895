"""How the lines of a data set are varied while they are trained on, where the data set itself says so."""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Transform:
    """Each line draws its own, evenly: a factor of its brightness; degrees that it is turned by, to either side; a lift, to
    either side, as a share of its height; a factor of its size; degrees that it is sheared by."""

    brightness: Range
    degrees: float
    lift: float
    scale: Range
    shear: Range


EMNIST_LINES2 = Transform(brightness=(0.5, 1.0), degrees=3.0, lift=0.05, scale=(0.4, 1.1), shear=(-40.0, 50.0))
"""The lab's of 2021."""
