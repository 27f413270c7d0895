"""A line reader: residual columns, a maximum over each column, a bidirectional LSTM, and CTC."""

from __future__ import annotations

from text_recognizer.errors import ExperimentError
from text_recognizer.models.column_reader import ColumnReader, Lstms
from text_recognizer.models.columns import Residual, Stem
from text_recognizer.models.options import LineLstmOptions


class LineLstm(ColumnReader):
    """A `ColumnReader` of ceil(width / 4) frames: a stem, three residual blocks, LSTMs."""

    def __init__(self, options: LineLstmOptions, classes: int, height: int = 32) -> None:
        if options.channels % 4:
            raise ExperimentError(f"network_args.channels is {options.channels}; give a multiple of 4")
        c = options.channels
        super().__init__(
            Stem(c // 4),
            [Residual(c // 4, c // 2, (2, 2)), Residual(c // 2, c, (2, 1)), Residual(c, c, (2, 1))],
            Lstms(c, options.hidden, options.layers, options.dropout),
            classes,
        )
