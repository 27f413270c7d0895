"""The labs' readers of lines by windows: convolutions down to an eighth, then one window of columns after another.

After the labs' LineCNN and LineCNNLSTM of 2021, with these changes: every row of the image is seen (theirs dropped the
last of 28 / 8 = 3.5); a window that is no multiple of 8 is exact (theirs was rounded): along the line, convolutions then
bring it to a quarter, to half or not down at all; the LSTM reads features (theirs
read logits); convolutions are normalised (Ioffe and Szegedy 2015); windows on padding do not count. One convolution goes
over all windows at once.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from text_recognizer.models import by_parts
from text_recognizer.models.columns import BothWays, rectified, strided
from text_recognizer.models.options import LineCnnLstmOptions, LineCnnOptions
from text_recognizer.models.pixels import as_channel

_SHRINK = 8


class Windows(nn.Module):
    """Lines (B, H, W), float in 0..1, with their widths (B,) -> features (B, T, fc_dim), and the true windows (B,).

    A line has floor((ceil(width / s) * s - window_width) / window_stride) + 1 windows, and one at least, where s is the largest
    of 8, 4, 2 and 1 that divides width and stride of a window.
    """

    def __init__(self, options: LineCnnOptions, height: int) -> None:
        super().__init__()
        shrink = math.gcd(_SHRINK, options.window_width, options.window_stride)
        halves = [(2, 2 if shrink >= least else 1) for least in (2, 4, 8)]
        c, one = options.conv_dim, (1, 1)
        first = [(1, c, one), (c, c, one), (c, c, halves[0]), (c, c, one)]
        sizes = [*first, (c, 2 * c, halves[1]), (2 * c, 2 * c, one), (2 * c, 4 * c, halves[2]), (4 * c, 4 * c, one)]
        self.convolutions = nn.ModuleList(_Convolution(*size) for size in sizes)
        self.columns, self.step = options.window_width // shrink, options.window_stride // shrink
        kernel = (-(-height // _SHRINK), self.columns)
        self.window = nn.Conv2d(4 * c, options.fc_dim, kernel, stride=(1, self.step))
        self.dense = nn.Linear(options.fc_dim, options.fc_dim)
        self.dropout = nn.Dropout(options.fc_dropout)

    def forward(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x_BCHW, widths_B = self._convolved(as_channel(x_BHW), widths_B)
        short = max(0, self.columns - x_BCHW.shape[3])
        x_BCHW = nn.functional.pad(x_BCHW, (0, short))  # a line shorter than a window has one, filled up
        x_BTF = torch.relu(self.window(x_BCHW)).squeeze(2).transpose(1, 2)
        windows_B = ((widths_B - self.columns) // self.step + 1).clamp(min=1)
        return self.dropout(torch.relu(self.dense(x_BTF))), windows_B

    def _convolved(self, x_B1HW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        stages = [stage for stage in self.convolutions if isinstance(stage, _Convolution)]
        if by_parts.pays(stages, x_B1HW):
            return by_parts.convolved(stages, x_B1HW, widths_B)
        x_BCHW = x_B1HW
        for stage in stages:
            x_BCHW, widths_B = stage(x_BCHW, widths_B)
        return x_BCHW, widths_B


class LineCnn(nn.Module):
    """Windows, each read on its own: `(logits (B, T, classes), nothing, windows (B,))` for the CTC model, blank first.

    1.13 M parameters at 28 pixels with 83 classes. The lab's had 1.20 M: its window of 28 pixels was three columns of three
    rows (both rounded down from 3.5), 9 x 128 x 512 weights; this one is two columns of four rows, 8 x 128 x 512.
    """

    def __init__(self, options: LineCnnOptions, classes: int, height: int) -> None:
        super().__init__()
        self.windows = Windows(options, height)
        self.head = nn.Linear(options.fc_dim, classes)

    def forward(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor]:
        x_BTF, windows_B = self.windows(x_BHW, widths_B)
        return self.head(x_BTF), None, windows_B


class LineCnnLstm(nn.Module):
    """Windows, narrowed to `lstm_input` features, then bidirectional LSTMs whose directions are added up; as LineCnn.

    3.7 M parameters at 28 pixels, 4.1 M at 56 (the lab's: 3.7 and 4.0 M).
    """

    def __init__(self, options: LineCnnLstmOptions, classes: int, height: int) -> None:
        super().__init__()
        self.windows = Windows(options, height)
        self.narrow = nn.Linear(options.fc_dim, options.lstm_input)
        sizes = [options.lstm_input] + [options.lstm_dim] * (options.lstm_layers - 1)
        self.across = nn.ModuleList(BothWays(size, options.lstm_dim) for size in sizes)
        self.dropout = nn.Dropout(options.lstm_dropout)
        self.head = nn.Linear(options.lstm_dim, classes)

    def forward(self, x_BHW: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor]:
        x_BTF, windows_B = self.windows(x_BHW, widths_B)
        x_TBF = torch.relu(self.narrow(x_BTF)).transpose(0, 1)
        for both_ways in self.across:
            onward_TBF, back_TBF = both_ways(x_TBF, windows_B).chunk(2, dim=-1)
            x_TBF = self.dropout(onward_TBF + back_TBF)
        return self.head(x_TBF).transpose(0, 1), None, windows_B


class _Convolution(nn.Module):
    """A 3x3 convolution, normalised and rectified, that knows where each line ends."""

    def __init__(self, channels_in: int, channels: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.stride = stride[1]

    def forward(self, x: torch.Tensor, widths_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        widths_B = strided(widths_B, self.stride)
        return rectified(self.convolution, self.norm, x, widths_B), widths_B
