"""Fully connected layers for single characters."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from text_recognizer.models.options import MlpOptions


class Mlp(nn.Sequential):
    """Images (B, 28, 28), float in 0..1 -> logits (B, classes)."""

    def __init__(self, options: MlpOptions, classes: int, pixels: int = 28 * 28) -> None:
        given = [options.fc1, options.fc2]
        units = [given[i] if i < 2 and given[i] else options.layer_size for i in range(options.num_layers)]
        widths = [pixels, *units]
        hidden = [
            layer for i, o in itertools.pairwise(widths) for layer in (nn.Linear(i, o), nn.ReLU(), nn.Dropout(options.dropout))
        ]
        super().__init__(nn.Flatten(), *hidden, nn.Linear(widths[-1], classes))

    def forward(self, x_BHW: torch.Tensor) -> torch.Tensor:
        return super().forward(x_BHW)
