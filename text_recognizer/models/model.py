"""What a model is to those who use it: a reader to prediction and evaluation, and something that learns to a training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from text_recognizer.data.data_set import DataSet, Split
from text_recognizer.metrics import Prediction
from text_recognizer.models.augmentation import Augmentation


class Batch(Protocol):
    """Samples that go through the network together, on its device."""

    def __len__(self) -> int: ...


S_contra = TypeVar("S_contra", bound=Split, contravariant=True)
B = TypeVar("B", bound=Batch)


class Reader(Protocol[S_contra, B]):
    """A network, how the samples of a split come to it in batches, what it reads there, and how wrong that is.

    `metric` names the figure by which epochs are compared, and `goal` says whether to "maximize" or to "minimize" it;
    `unit` is the word for samples.
    """

    network: nn.Module
    metric: str
    goal: str
    unit: str
    beams: int = 1
    """Hypotheses that `predict` keeps, where it searches; with one it reads greedily."""
    looks: int = 1
    """Times that `predict` looks at each sample, where the network reads by frames."""
    resident_on: tuple[str, ...] = ()
    """Kinds of device that small splits are kept on."""

    def batches(self, split: S_contra, size: int, device: torch.device, rng: np.random.Generator | None = None) -> Iterator[B]:
        """The whole split in batches of about `size` samples, in a random order where a generator is given."""

    def predict(self, batch: B) -> list[Prediction]:
        """What the network reads in each sample."""

    def figures(self, predictions: list[Prediction]) -> dict[str, float]:
        """How wrong they are, by name; `metric` is one of the names."""

    def images(self, batch: B) -> list[np.ndarray]:
        """The samples of a batch as people see them, uint8 (height, width) each."""


class Maker(Protocol):
    """What makes a model of a network and its data: a class that follows `Model`."""

    def __call__(self, network: nn.Module, data: DataSet[Any], *weights: float) -> Model[Any, Any]: ...

    def classes_of(self, data: DataSet[Any]) -> int:
        """See Model."""

    def needed(self, data: DataSet[Any]) -> dict[str, int]:
        """See Model."""


class Model(Reader[S_contra, B], Protocol[S_contra, B]):
    """A reader that can be trained."""

    too_short: torch.Tensor | int = 0
    """Samples that `loss` has met so far from which nothing can be learned."""

    @staticmethod
    def classes_of(data: DataSet[S_contra]) -> int:
        """The number of logits that the network must give for this data."""

    @staticmethod
    def needed(data: DataSet[S_contra]) -> dict[str, int]:
        """What a checkpoint must say of the data, beside the classes, to read other samples later."""

    def varied(self, batch: B, augmentation: Augmentation) -> B:
        """The batch with its images changed at random."""

    def loss(self, batch: B) -> torch.Tensor:
        """The mean loss of the batch, a scalar in float32."""
