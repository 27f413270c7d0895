"""Pictures of lines made harder on purpose, to see what a reader makes of denser hands, crooked scans and wide margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

_PAPER = 70
_ROOM = 64


@dataclass(frozen=True)
class Spoiling:
    """The width times `squeeze` (averaged over what falls together), then turned by `rotate` degrees against the clock, in a
    larger picture where it needs the room, then `margin` pixels of paper on every side of a picture 64 pixels high."""

    squeeze: float = 1.0
    rotate: float = 0.0
    margin: float = 0.0

    def __bool__(self) -> bool:
        return self != Spoiling()

    def of(self, grey: np.ndarray) -> np.ndarray:
        """The picture, uint8 (height, width), so changed. What is new is as light as its paper."""
        paper, height = int(np.percentile(grey, _PAPER if np.median(grey) >= 128 else 100 - _PAPER)), grey.shape[0]
        image = Image.fromarray(grey)
        if self.squeeze != 1:
            image = image.resize((max(1, round(image.width * self.squeeze)), height), Image.Resampling.BOX)
        if self.rotate:
            image = image.rotate(self.rotate, Image.Resampling.BILINEAR, expand=True, fillcolor=paper)
        return np.pad(np.asarray(image), round(self.margin * height / _ROOM), constant_values=paper)
