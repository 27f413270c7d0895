"""Reading one character per image: cross-entropy over the classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from text_recognizer.data.characters import Characters, CharacterSplit
from text_recognizer.metrics import Prediction, accuracy
from text_recognizer.models.augmentation import Augmentation
from text_recognizer.models.model import Model
from text_recognizer.models.pixels import as_float


@dataclass(frozen=True)
class CharacterBatch:
    """Images uint8, or float in 0..1, (B, 28, 28) and labels int64 (B,), both on the device."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


class CharacterModel(Model[CharacterSplit, CharacterBatch]):
    """A network of images -> logits, with its loss and its way of answering."""

    metric, goal = "accuracy", "maximize"
    unit = "images"

    def __init__(self, network: nn.Module, data: Characters) -> None:
        self.network, self.classes = network, data.classes

    @staticmethod
    def classes_of(data: Characters) -> int:
        """The number of logits that the network must give."""
        return len(data.classes)

    def batches(
        self, split: CharacterSplit, size: int, device: torch.device, rng: np.random.Generator | None = None
    ) -> Iterator[CharacterBatch]:
        """The whole split in batches, shuffled where a generator is given; the last batch may be smaller."""
        order = rng.permutation(len(split)) if rng else np.arange(len(split))
        for chosen in np.split(order, range(size, len(order), size)):
            images, labels = torch.from_numpy(split.images[chosen]), torch.from_numpy(split.labels[chosen])
            yield CharacterBatch(images.to(device, non_blocking=True), labels.to(device, non_blocking=True))

    def loss(self, batch: CharacterBatch) -> torch.Tensor:
        """The mean cross-entropy, a scalar in float32."""
        return nn.functional.cross_entropy(self.network(as_float(batch.images)).float(), batch.labels)

    @staticmethod
    def needed(data: Characters) -> dict[str, int]:
        """What a checkpoint must say of the data beside the classes: nothing."""
        return {}

    def varied(self, batch: CharacterBatch, augmentation: Augmentation) -> CharacterBatch:
        """The batch with its images changed at random; they become floats in 0..1."""
        widths_B = torch.full_like(batch.labels, batch.images.shape[2])
        return replace(batch, images=augmentation.of(as_float(batch.images), widths_B)[0])

    def predict(self, batch: CharacterBatch) -> list[Prediction]:
        """The likeliest class of every image, with its probability as the confidence."""
        probability_BC = self.network(as_float(batch.images)).float().softmax(dim=-1)
        confidences, best = (t.tolist() for t in probability_BC.max(dim=-1))
        rows = zip(batch.labels.tolist(), best, confidences, strict=True)
        return [Prediction(self.classes[t], self.classes[p], c) for t, p, c in rows]

    def figures(self, predictions: list[Prediction]) -> dict[str, float]:
        """Accuracy, between 0 and 1."""
        return {"accuracy": accuracy(predictions)}

    def images(self, batch: CharacterBatch) -> list[np.ndarray]:
        """The images of a batch, uint8 (28, 28) each."""
        return list(batch.images.cpu().numpy())
