"""The house model for lines 64 pixels high: a deep stack of residual columns, the maximum over each column, then a
bidirectional LSTM or a Transformer encoder, and CTC.

After "Best practices for a handwritten text recognition system" (Retsinas et al. 2022), with a stride of 4 along the line.
"""

from __future__ import annotations

import torch
from torch import nn

from text_recognizer.models.column_reader import Across, ColumnReader, Lstms
from text_recognizer.models.columns import Residual, Stem
from text_recognizer.models.options import LineColumnsOptions
from text_recognizer.models.positions import inside, positions

_CHANNELS = {"S": (32, 64, 128), "M": (64, 128, 256)}
_BLOCKS = (2, 3, 2)
_STRIDES = ((2, 2), (2, 1), (2, 1))
_HIDDEN = {"S": 160, "M": 224}
_WIDE = {"S": 192, "M": 256}
_LSTM_LAYERS, _ENCODER_LAYERS, _HEADS = 3, 4, 4


class LineColumns(ColumnReader):
    """A `ColumnReader` of ceil(width / 4) frames: a stem, seven residual blocks, LSTMs or an encoder.

    Parameters with 80 classes, LSTM / encoder: S 2.4 / 2.6 M, M 6.4 M.
    """

    def __init__(self, options: LineColumnsOptions, classes: int, height: int = 64) -> None:
        channels = _CHANNELS[options.size]
        super().__init__(Stem(channels[0] // 2, kernel=7), _columns(channels), _across(channels[-1], options), classes)


def _across(channels: int, options: LineColumnsOptions) -> Across:
    if options.across == "lstm":
        return Lstms(channels, _HIDDEN[options.size], _LSTM_LAYERS, options.dropout)
    return _Encoder(channels, options)


class _Encoder(Across):
    """Four pre-norm layers of attention (Xiong et al. 2020) that look at no padding."""

    def __init__(self, channels: int, options: LineColumnsOptions) -> None:
        super().__init__()
        self.channels, self.size = channels, _WIDE[options.size]
        self.widen = nn.Linear(channels, self.size)
        layer = nn.TransformerEncoderLayer(
            self.size, _HEADS, 4 * self.size, options.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, _ENCODER_LAYERS, nn.LayerNorm(self.size), enable_nested_tensor=False)

    def forward(self, x_BCT: torch.Tensor, frames_B: torch.Tensor) -> torch.Tensor:
        x_BTD = self.widen(x_BCT.transpose(1, 2))
        x_BTD = x_BTD + positions(x_BTD.shape[1], self.size, x_BTD.device)
        return self.layers(x_BTD, src_key_padding_mask=~inside(frames_B, x_BTD.shape[1]))


def _columns(channels: tuple[int, ...]) -> list[Residual]:
    before = (channels[0] // 2, *channels)
    return [
        Residual(before[stage] if i == 0 else after, after, _STRIDES[stage] if i == 0 else (1, 1))
        for stage, after in enumerate(channels)
        for i in range(_BLOCKS[stage])
    ]
