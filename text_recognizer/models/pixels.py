"""Pixels as networks take them."""

from __future__ import annotations

import torch


def as_channel(x_BHW: torch.Tensor) -> torch.Tensor:
    """Images as the one channel that convolutions take, (B, 1, H, W), its channels last in memory."""
    return x_BHW[:, None].contiguous(memory_format=torch.channels_last)


def as_float(images: torch.Tensor) -> torch.Tensor:
    """Bytes (uint8) as floats in 0..1; floats as they are."""
    return images.float() / 255 if images.dtype is torch.uint8 else images
