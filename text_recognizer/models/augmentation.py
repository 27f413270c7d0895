"""Lines changed a little every time they are seen, a whole batch at once, on the device that trains.

Each line draws its own slant, size, height, thickness, contrast and a smooth random field that shakes it (elastic
distortion after Simard et al. 2003). Everything is drawn from torch's global generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

_SHEAR, _LIFT, _HIGHER, _WIDER = 0.35, 0.08, 0.15, 0.2
_SHAKE = 0.025
_GAMMA, _BRIGHTER = 0.5, 0.2
_THICKER = 0.3
_SHORTEST_SPAN, _LONGEST_SPAN = 1 / 6, 1.0


@dataclass(frozen=True)
class Augmentation:
    """How much lines are changed: `strength` scales all distortions (0: none, 1: strong), `spans` is the mean number of
    blanked spans per length of ten heights (0: none)."""

    strength: float = 0.0
    spans: float = 0.0

    def at(self, share: float) -> Augmentation:
        """What is used when this share of the training is over: little at first, while the network learns to see at all,
        full strength from a quarter on, and none at the end, when the last weights settle on real lines."""
        return Augmentation(self.strength * (scale := min(1.0, 0.2 + 3.2 * share, 4 * (1 - share))), self.spans * scale)

    def of(self, images_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Float images in 0..1 and true widths, changed; the padded width stays, and no line outgrows it."""
        if self.strength:
            images_BHW, widths_B = distorted(images_BHW, widths_B, self.strength)
            images_BHW = recoloured(images_BHW, self.strength)
        if self.spans:
            images_BHW = with_blank_spans(images_BHW, widths_B, self.spans)
        return images_BHW, widths_B


def distorted(images_BHW: torch.Tensor, widths_B: torch.Tensor, strength: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Sheared, scaled, lifted and shaken, and the new widths (B,)."""
    count, height, width = images_BHW.shape
    draw = _Draw(count, images_BHW.device, strength)
    wanted_B = (widths_B * torch.exp(draw(_WIDER))).round().to(widths_B.dtype)
    new_B = torch.minimum(wanted_B.clamp(min=8), torch.full_like(widths_B, width))
    y_H1 = (torch.arange(height, device=images_BHW.device) + 0.5 - height / 2)[:, None]
    x_W = torch.arange(width, device=images_BHW.device) + 0.5
    shake_B2HW = _smooth_field(count, height, width, images_BHW.device) * (strength * _SHAKE * height)
    x_BHW = x_W * (widths_B / new_B)[:, None, None] + draw(_SHEAR)[:, None, None] * y_H1 + shake_B2HW[:, 0]
    y_BHW = y_H1 * torch.exp(draw(_HIGHER))[:, None, None] + draw(_LIFT * height)[:, None, None] + shake_B2HW[:, 1]
    grid_BHW2 = torch.stack([x_BHW * (2 / width) - 1, y_BHW * (2 / height)], dim=-1)
    return functional.grid_sample(images_BHW[:, None], grid_BHW2, align_corners=False)[:, 0], new_B


def recoloured(images_BHW: torch.Tensor, strength: float) -> torch.Tensor:
    """Strokes thicker or thinner by up to a pixel for some lines, then another gamma and brightness for each."""
    draw = _Draw(len(images_BHW), images_BHW.device, strength)
    amount_B11 = draw(_THICKER)[:, None, None]
    way_B11 = torch.where(amount_B11 > 0, 1.0, -1.0)
    target_BHW = way_B11 * _largest_around(way_B11 * images_BHW)
    images_BHW = torch.lerp(images_BHW, target_BHW, amount_B11.abs().expand_as(images_BHW)).clamp(0, 1)
    return images_BHW ** torch.exp(draw(_GAMMA))[:, None, None] * (1 + draw(_BRIGHTER))[:, None, None]


def with_blank_spans(images_BHW: torch.Tensor, widths_B: torch.Tensor, spans: float) -> torch.Tensor:
    """Some columns of each line blanked in runs of a sixth of the height up to the height (after Chaudhary and Bali 2022).

    Every line draws for itself how many runs it has: Poisson with the mean `spans` per ten heights of its length.
    """
    count, height, width = images_BHW.shape
    number_B = torch.poisson(spans * widths_B / (10 * height))
    most = 12
    start_BS = torch.rand(count, most, device=images_BHW.device) * widths_B[:, None]
    length_BS = height * (_SHORTEST_SPAN + (_LONGEST_SPAN - _SHORTEST_SPAN) * torch.rand_like(start_BS))
    there_BS = torch.arange(most, device=images_BHW.device) < number_B[:, None]
    x_W = torch.arange(width, device=images_BHW.device)
    inside_BSW = (x_W >= start_BS[..., None]) & (x_W < (start_BS + length_BS)[..., None]) & there_BS[..., None]
    return images_BHW * ~inside_BSW.any(dim=1)[:, None, :]


class _Draw:
    """Numbers for each line of a batch, even between -most and most times the strength."""

    def __init__(self, count: int, device: torch.device, strength: float) -> None:
        self.count, self.device, self.strength = count, device, strength

    def __call__(self, most: float) -> torch.Tensor:
        return (torch.rand(self.count, device=self.device) * 2 - 1) * (most * self.strength)


def _smooth_field(count: int, height: int, width: int, device: torch.device) -> torch.Tensor:
    """Two smooth random displacements per pixel (B, 2, H, W), about one standard deviation high."""
    coarse_B2YX = torch.randn(count, 2, 3, max(2, 2 * width // height), device=device)
    return _bicubic(3, height, device).T @ (coarse_B2YX @ _bicubic(coarse_B2YX.shape[3], width, device))


def _bicubic(before: int, after: int, device: torch.device) -> torch.Tensor:
    """The weights (before, after) of bicubic interpolation: PyTorch's own over both axes takes ten times as long."""
    ones = torch.eye(before, device=device)[None, :, None, :]
    return functional.interpolate(ones, size=(1, after), mode="bicubic", align_corners=True)[0, :, 0]


def _largest_around(images_BHW: torch.Tensor) -> torch.Tensor:
    """The largest of the three by three pixels around each; PyTorch's own, on a CPU, takes ten times as long."""
    around = functional.pad(images_BHW, (1, 1, 1, 1), value=-math.inf)
    rows = torch.maximum(torch.maximum(around[:, :-2], around[:, 1:-1]), around[:, 2:])
    return torch.maximum(torch.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])
