"""The keys of `network_args` of every network, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from text_recognizer.options import key


def _left_out(default: float, of: str, *aliases: str) -> float:
    """A rate of dropout."""
    return key(default, f"share of {of} left out while training", aliases=aliases, least=0, most=1)


@dataclass(frozen=True)
class MlpOptions:
    """mlp: fully connected layers."""

    num_layers: int = key(2, "hidden layers", least=1)
    layer_size: int = key(512, "units of every hidden layer", least=1)
    fc1: int = key(0, "units of the first hidden layer; 0: layer_size", least=0)
    fc2: int = key(0, "units of the second hidden layer; 0: layer_size", least=0)
    dropout: float = _left_out(0.2, "hidden units", "dropout_amount")


@dataclass(frozen=True)
class LenetOptions:
    """lenet: two convolutions with pooling, then one hidden layer."""

    channels: int = key(16, "channels of the first convolution; the second has twice as many", aliases=("conv_dim",), least=1)
    layer_size: int = key(128, "units of the hidden layer", aliases=("fc_dim",), least=1)
    dropout: float = _left_out(0.2, "hidden units", "dropout_amount")


@dataclass(frozen=True)
class LineLstmOptions:
    """line_lstm_ctc: residual columns, a bidirectional LSTM, a CTC head and a shortcut head."""

    channels: int = key(64, "channels of the widest columns; a multiple of 4", aliases=("conv_dim",), least=4)
    hidden: int = key(96, "units of the LSTM in each direction", aliases=("lstm_dim",), least=1)
    layers: int = key(1, "layers of the LSTM", aliases=("lstm_layers", "num_layers"), least=1)
    dropout: float = _left_out(0.1, "the LSTM's outputs")
    shortcut_weight: float = key(0.1, "weight of the head that bypasses the LSTM, in the loss", least=0)


@dataclass(frozen=True)
class LineColumnsOptions:
    """line_columns: the house model for lines 64 pixels high, in two sizes."""

    size: str = key("S", "S (2.4 M parameters) or M (6.4 M)", choices=("S", "M"))
    across: str = key("lstm", "what reads along the columns: lstm or encoder", choices=("lstm", "encoder"))
    dropout: float = _left_out(0.2, "what leaves each layer along the line")
    shortcut_weight: float = key(0.1, "weight of the head that bypasses those layers, in the loss", least=0)


@dataclass(frozen=True)
class LineCnnOptions:
    """LineCNN: the labs' convolutions over windows."""

    conv_dim: int = key(32, "channels of the first convolutions; the last have four times as many", least=1)
    fc_dim: int = key(512, "features of a window", least=1)
    fc_dropout: float = _left_out(0.2, "a window's features")
    window_width: int = key(16, "pixels of a window; multiples of 8 compute fastest", least=1)
    window_stride: int = key(8, "pixels from one window to the next; multiples of 8 compute fastest", least=1)


@dataclass(frozen=True)
class LineCnnSimpleOptions:
    """LineCNNSimple: a small network for characters, over one window after another."""

    conv_dim: int = key(64, "channels of the convolutions", least=1)
    fc_dim: int = key(128, "features of a window", least=1)
    window_width: int = key(28, "pixels of a window", least=2)
    window_stride: int = key(28, "pixels from one window to the next", least=1)


@dataclass(frozen=True)
class LineCnnLstmOptions(LineCnnOptions):
    """LineCNNLSTM: LineCNN and LSTMs."""

    lstm_input: int = key(96, "features of a window that the LSTM reads", least=1)
    lstm_dim: int = key(512, "units of the LSTM in each direction", aliases=("hidden",), least=1)
    lstm_layers: int = key(1, "layers of the LSTM", aliases=("num_layers",), least=1)
    lstm_dropout: float = _left_out(0.2, "the LSTM's outputs", "dropout")


@dataclass(frozen=True)
class DecoderOptions:
    """A Transformer decoder."""

    tf_dim: int = key(256, "width of the decoder; a multiple of tf_nhead and of 4", least=4)
    tf_fc_dim: int = key(256, "hidden units of the decoder's feed-forward parts", least=1)
    tf_nhead: int = key(4, "heads of the decoder's attention", least=1)
    tf_layers: int = key(4, "layers of the decoder", least=1)
    tf_dropout: float = key(0.1, "share left out in the decoder while training", aliases=("dropout",), least=0, most=1)


@dataclass(frozen=True)
class LineCnnTransformerOptions(DecoderOptions, LineCnnOptions):
    """LineCNNTransformer: LineCNN and a Transformer decoder."""


@dataclass(frozen=True)
class ResnetTransformerOptions(DecoderOptions):
    """ResnetTransformer: a ResNet-18 and a Transformer decoder."""

    tf_fc_dim: int = key(1024, "hidden units of the decoder's feed-forward parts", least=1)
