"""The labs' way to vary lines, as torchvision's ColorJitter and RandomAffine do it, for a whole batch at once on the device.

Unlike theirs each line turns about its own middle, and its sheet is as wide as the line becomes.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from text_recognizer.data.transform import Range, Transform

_STEP, _NARROWEST = 32, 8


def transformed(images_BHW: torch.Tensor, widths_B: torch.Tensor, transform: Transform) -> tuple[torch.Tensor, torch.Tensor]:
    """Float images in 0..1 and true widths, changed by chance (torch's global generator); the padded width grows with them."""
    count, height, width = images_BHW.shape

    def drawn(bounds: Range) -> torch.Tensor:
        return bounds[0] + torch.rand(count, device=images_BHW.device) * (bounds[1] - bounds[0])

    turn_B, shear_B = (torch.deg2rad(drawn(b)) for b in ((-transform.degrees, transform.degrees), transform.shear))
    lift_B = (drawn((-transform.lift, transform.lift)) * height).round()
    scale_B = drawn(transform.scale)
    room = math.ceil(width * max(1.0, transform.scale[1]) / _STEP) * _STEP
    images_BHW, widths_B = affine(images_BHW, widths_B, turn_B, shear_B, lift_B, scale_B, room)
    return images_BHW * drawn(transform.brightness)[:, None, None], widths_B


def affine(
    images_BHW: torch.Tensor,
    widths_B: torch.Tensor,
    turn_B: torch.Tensor,
    shear_B: torch.Tensor,
    lift_B: torch.Tensor,
    scale_B: torch.Tensor,
    room: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sheared along the line (radians), scaled, turned clockwise (radians) and moved down (pixels), about the middle of each
    line, bilinear, on a sheet `room` wide; and the new widths."""
    _, height, width = images_BHW.shape
    new_B = (widths_B * scale_B).round().clamp(_NARROWEST, room).to(widths_B.dtype)
    y_H1 = (torch.arange(height, device=images_BHW.device) + 0.5 - height / 2)[:, None]
    x_W = torch.arange(room, device=images_BHW.device) + 0.5
    y_BHW = (y_H1 - lift_B[:, None, None]).expand(-1, -1, room)
    x_BHW = x_W - (new_B / 2)[:, None, None]
    cos, sin, tan, scale = (v[:, None, None] for v in (turn_B.cos(), turn_B.sin(), shear_B.tan(), scale_B))
    # the inverse of scale * turn * shear, whose determinant is that of the scale
    from_x_BHW = ((cos - sin * tan) * x_BHW + (cos * tan + sin) * y_BHW) / scale + (widths_B / 2)[:, None, None]
    from_y_BHW = (-sin * x_BHW + cos * y_BHW) / scale
    grid_BHW2 = torch.stack([from_x_BHW * (2 / width) - 1, from_y_BHW * (2 / height)], dim=-1)
    return functional.grid_sample(images_BHW[:, None], grid_BHW2, align_corners=False)[:, 0], new_B
