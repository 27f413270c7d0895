"""Reading a whole split: a validation, the final test, and whoever measures a trained network later, all in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import torch

from text_recognizer.data.data_set import Split
from text_recognizer.metrics import Prediction
from text_recognizer.models.model import Batch, Reader

BATCH = 128

S = TypeVar("S", bound=Split)
B = TypeVar("B", bound=Batch)


@torch.no_grad()
def read_split(reader: Reader[S, B], split: S, device: torch.device, size: int = BATCH) -> Iterator[tuple[B, list[Prediction]]]:
    """Every batch of the split, of about `size` samples, with what is read there: in float32, as predictions are."""
    reader.network.eval()
    for batch in reader.batches(split, size, device):
        yield batch, reader.predict(batch)
