"""Small data sets kept on the device whole, as bytes, so that a step waits for no copy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

MOST_BYTES = 2**30
"""A split with more pixels than this, one byte each, stays in the memory of the host."""


class LinesOnDevice:
    """The images of a split, uint8 (H, width) each, as columns one after another: uint8 (all widths + 1, H), the last empty."""

    def __init__(self, images: Sequence[np.ndarray], device: torch.device) -> None:
        empty = np.zeros((1, images[0].shape[0]), np.uint8)
        self.columns = torch.from_numpy(np.concatenate([*(image.T for image in images), empty])).to(device)
        self.widths = torch.tensor([image.shape[1] for image in images], device=device)
        self.firsts = self.widths.cumsum(0) - self.widths

    def batch(self, chosen: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The images with these numbers (B,), uint8 (B, H, width), padded with zeros on the right, and their widths (B,)."""
        widths_B, x_W = self.widths[chosen], torch.arange(width, device=self.columns.device)
        column_BW = torch.where(x_W < widths_B[:, None], self.firsts[chosen][:, None] + x_W, len(self.columns) - 1)
        return self.columns[column_BW].transpose(1, 2).contiguous(), widths_B


def fits(pixels: int) -> bool:
    """Whether so many bytes may be kept on a device that other jobs may share."""
    return pixels <= MOST_BYTES
