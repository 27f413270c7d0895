"""What the readers by columns have in common: residual columns, the maximum over each, and two heads.

After "Best practices for a handwritten text recognition system" (Retsinas et al. 2022): the second, convolutional head sees
the columns directly and only helps while training.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from text_recognizer.models.columns import BothWays, Residual, Stem
from text_recognizer.models.pixels import as_channel


class ColumnReader(nn.Module):
    """Lines (B, H, W), float in 0..1, with their true widths (B,) -> logits over the classes, blank first.

    `forward` gives `(main, shortcut, frames)`: logits (B, T, classes) of both heads (the shortcut only while training,
    else nothing), and the number of frames (B,) that each line truly has. Frames beyond it are padding. In evaluation a
    line is read alike whatever it is padded to and whatever lies beside it in the batch.

    `across` reads along the columns: (B, C, T) and the frames (B,) -> (B, T, across.size).
    """

    def __init__(self, stem: Stem, columns: Iterable[Residual], across: Across, classes: int) -> None:
        super().__init__()
        self.stem, self.columns, self.across = stem, nn.ModuleList(columns), across
        self.head = nn.Linear(across.size, classes)
        self.shortcut = nn.Conv1d(across.channels, classes, 3, padding=1)

    def forward(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        x_BCHT, frames_B = self.stem(as_channel(x_BHW), widths_B)
        for column in self.columns:
            x_BCHT, frames_B = column(x_BCHT, frames_B)
        x_BCT = x_BCHT.amax(dim=2)
        shortcut = self.shortcut(x_BCT).transpose(1, 2) if self.training else None
        return self.head(self.across(x_BCT, frames_B)), shortcut, frames_B


class Across(nn.Module):
    """Columns (B, channels, T) and the true number of frames (B,) -> (B, T, size)."""

    channels: int
    size: int


class Lstms(Across):
    """Bidirectional LSTMs, one after another, with dropout after each."""

    def __init__(self, channels: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.channels, self.size = channels, 2 * hidden
        self.layers = nn.ModuleList(BothWays(channels if i == 0 else self.size, hidden) for i in range(layers))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BCT: torch.Tensor, frames_B: torch.Tensor) -> torch.Tensor:
        x_TBD = x_BCT.permute(2, 0, 1)
        for layer in self.layers:
            x_TBD = self.dropout(layer(x_TBD, frames_B))
        return x_TBD.transpose(0, 1)
