"""Reading a whole split: a validation, the final test, and whoever measures a trained network later, all in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import torch

from text_recognizer.data.data_set import Split
from text_recognizer.metrics import Prediction
from text_recognizer.models.model import Batch, Reader
from text_recognizer.training.precision import Precision

_BATCH = 128

S = TypeVar("S", bound=Split)
B = TypeVar("B", bound=Batch)


@torch.no_grad()
def read_split(
    reader: Reader[S, B], split: S, device: torch.device, precision: Precision
) -> Iterator[tuple[B, list[Prediction]]]:
    """Every batch of the split, with what is read there."""
    reader.network.eval()
    for batch in reader.batches(split, _BATCH, device):
        with precision.autocast():
            yield batch, reader.predict(batch)
