"""The labs' first reader of lines: a small network for characters, over one window after another."""

from __future__ import annotations

import torch
from torch import nn

from text_recognizer.models.options import LineCnnSimpleOptions


class LineCnnSimple(nn.Module):
    """Lines (B, H, W), float in 0..1, with their widths (B,) -> `(logits (B, T, classes), nothing, windows (B,))`, blank first.

    A line has floor((width - window_width) / window_stride) + 1 windows, and one at least. 1.7 M parameters at 28 pixels.
    """

    def __init__(self, options: LineCnnSimpleOptions, classes: int, height: int) -> None:
        super().__init__()
        c, self.wide, self.step = options.conv_dim, options.window_width, options.window_stride
        self.network = nn.Sequential(
            nn.Conv2d(1, c, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
            nn.Flatten(),
            nn.Linear((height // 2) * (self.wide // 2) * c, options.fc_dim),
            nn.ReLU(),
            nn.Linear(options.fc_dim, classes),
        )

    def forward(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor]:
        short = max(0, self.wide - x_BHW.shape[2])
        x_BHTV = nn.functional.pad(x_BHW, (0, short)).unfold(2, self.wide, self.step)
        count, _, windows, _ = x_BHTV.shape
        x_NCHV = x_BHTV.transpose(1, 2).flatten(0, 1)[:, None]
        windows_B = ((widths_B - self.wide) // self.step + 1).clamp(min=1)
        return self.network(x_NCHV).unflatten(0, (count, windows)), None, windows_B
