"""The small convolutional network of LeCun et al. (1998), with today's ReLU, max-pooling and dropout."""

from __future__ import annotations

import torch
from torch import nn

from text_recognizer.models.options import LenetOptions
from text_recognizer.models.pixels import as_channel


class Lenet(nn.Sequential):
    """Images (B, 28, 28), float in 0..1 -> logits (B, classes)."""

    def __init__(self, options: LenetOptions, classes: int) -> None:
        c = options.channels
        super().__init__(
            nn.Conv2d(1, c, 5, padding=2),  # (B, c, 28, 28)
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(c, 2 * c, 5),  # (B, 2c, 10, 10)
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(2 * c * 5 * 5, options.layer_size),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(options.layer_size, classes),
        )

    def forward(self, x_BHW: torch.Tensor) -> torch.Tensor:
        return super().forward(as_channel(x_BHW))
