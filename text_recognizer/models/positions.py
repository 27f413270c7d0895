"""Where something stands: as sines and cosines of different lengths (Vaswani et al. 2017), and whether it is on the line."""

from __future__ import annotations

import math

import torch


def positions(length: int, size: int, device: torch.device) -> torch.Tensor:
    """One row per place, float (length, size): sines in the even columns, cosines in the odd ones; `size` is even."""
    place_L1 = torch.arange(length, device=device)[:, None]
    rate_D = torch.exp(torch.arange(0, size, 2, device=device) * (-math.log(10_000.0) / size))
    angle_LD = place_L1 * rate_D
    return torch.stack([angle_LD.sin(), angle_LD.cos()], dim=-1).flatten(1)


def inside(ends_B: torch.Tensor, length: int) -> torch.Tensor:
    """Which of so many places lie before each line's end, bool (B, length)."""
    return torch.arange(length, device=ends_B.device) < ends_B[:, None]


def positions_2d(height: int, width: int, size: int, device: torch.device) -> torch.Tensor:
    """The same for a plane, (height * width, size), row by row: half of the columns tell the row, half the column."""
    rows_HWD = positions(height, size // 2, device)[:, None].expand(-1, width, -1)
    columns_HWD = positions(width, size // 2, device)[None].expand(height, -1, -1)
    return torch.cat([rows_HWD, columns_HWD], dim=-1).flatten(0, 1)
