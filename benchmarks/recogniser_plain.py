"""The labs' line readers of 2021, written down plainly: what `benchmarks/recogniser.py` compares with.

Float32 throughout, every line padded to full width, augmentation of one PIL image at a time, an LSTM on the logits of the
windows, and a decoder that is run on the whole prefix again for every token, always up to the longest text. Same
layers and sizes as theirs, so that parameters and speed agree with the figures that are known of the originals.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

HEIGHT, WIDTH = 56, 1024
PAD, START, END, CLASSES = 0, 1, 2, 83


def augmentation() -> transforms.Compose:
    """The training transform of EMNISTLines2, on one PIL image."""
    bilinear = transforms.InterpolationMode.BILINEAR
    moved = transforms.RandomAffine(3, translate=(0, 0.05), scale=(0.4, 1.1), shear=(-40, 50), interpolation=bilinear)
    return transforms.Compose([transforms.ColorJitter(brightness=(0.5, 1)), moved, transforms.ToTensor()])


def batch_of(images: list[np.ndarray], transform: transforms.Compose) -> torch.Tensor:
    """Lines uint8 (56, width) -> float (B, 1, 56, 1024)."""
    sheets = [np.pad(image, ((0, 0), (0, WIDTH - image.shape[1]))) for image in images]
    return torch.stack([transform(Image.fromarray(sheet)) for sheet in sheets])


def convolution(channels_in: int, channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1), nn.ReLU())


class PlainLineCnn(nn.Module):
    """(B, 1, H, W) -> (B, T, outputs): windows of 16 pixels, 8 apart."""

    def __init__(self, outputs: int, c: int = 32, features: int = 512) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            convolution(1, c),
            convolution(c, c),
            convolution(c, c, 2),
            convolution(c, c),
            convolution(c, 2 * c, 2),
            convolution(2 * c, 2 * c),
            convolution(2 * c, 4 * c, 2),
            convolution(4 * c, 4 * c),
            nn.Conv2d(4 * c, features, (HEIGHT // 8, 2)),
            nn.ReLU(),
        )
        self.dense = nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Dropout(0.2), nn.Linear(features, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(self.layers(x).squeeze(2).transpose(1, 2))


class PlainLstm(nn.Module):
    """Windows, then an LSTM on their logits, both directions added up: (B, 1, H, W) -> (B, T, classes)."""

    def __init__(self, size: int = 512) -> None:
        super().__init__()
        self.windows = PlainLineCnn(CLASSES)
        self.lstm = nn.LSTM(CLASSES, size, bidirectional=True)
        self.head = nn.Linear(size, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.lstm(self.windows(x).transpose(0, 1))[0]
        return self.head(sum(y.chunk(2, dim=-1))).transpose(0, 1)

    def loss(self, x: torch.Tensor, texts: list[list[int]]) -> torch.Tensor:
        scores = self(x).log_softmax(dim=-1).transpose(0, 1)
        frames = torch.full((len(x),), scores.shape[0])
        lengths = torch.tensor([len(text) for text in texts])
        return nn.functional.ctc_loss(
            scores, torch.tensor([k for text in texts for k in text]), frames, lengths, zero_infinity=True
        )


class PlainTransformer(nn.Module):
    """Windows and a post-norm decoder of four layers: images and tokens (B, L) -> (B, L, classes)."""

    def __init__(self, size: int = 256, longest: int = 45) -> None:
        super().__init__()
        self.windows, self.size, self.longest = PlainLineCnn(size), size, longest
        self.embedding, self.head = nn.Embedding(CLASSES, size), nn.Linear(size, CLASSES)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(size, 4, size, 0.4), 4)

    def forward(self, x: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(x), tokens)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        memory = self.windows(x).transpose(0, 1) * math.sqrt(self.size)
        return memory + table(len(memory), self.size)[:, None]

    def decode(self, memory: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        y = self.embedding(tokens).transpose(0, 1) * math.sqrt(self.size)
        y = y + table(len(y), self.size)[:, None]
        later = torch.full((len(y), len(y)), -math.inf).triu(1)
        return self.head(self.decoder(y, memory, later)).transpose(0, 1)

    def loss(self, x: torch.Tensor, texts: list[list[int]]) -> torch.Tensor:
        rows = [torch.tensor([START, *text, END]) for text in texts]
        tokens = torch.full((len(rows), self.longest), PAD)
        for target, row in zip(tokens, rows, strict=True):
            target[: len(row)] = row
        logits = self(x, tokens[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=PAD)

    @torch.no_grad()
    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens (B, longest): the whole prefix is decoded again for each."""
        memory = self.encode(x)
        tokens = torch.full((len(x), self.longest), PAD)
        tokens[:, 0] = START
        for place in range(1, self.longest):
            tokens[:, place] = self.decode(memory, tokens[:, :place])[:, -1].argmax(dim=-1)
        return tokens


def table(length: int, size: int) -> torch.Tensor:
    angle = torch.arange(length)[:, None] * torch.exp(torch.arange(0, size, 2) * (-math.log(10_000.0) / size))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)
