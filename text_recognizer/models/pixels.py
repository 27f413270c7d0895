"""Pixels as networks take them."""

from __future__ import annotations

import torch


def as_float(images: torch.Tensor) -> torch.Tensor:
    """Bytes (uint8) as floats in 0..1; floats as they are."""
    return images.float() / 255 if images.dtype is torch.uint8 else images
