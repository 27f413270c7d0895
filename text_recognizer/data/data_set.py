"""What every data set is: samples in three splits, and the names of their classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from text_recognizer.data.transform import Transform

SPLITS = ("train", "val", "test")


class Split(Protocol):
    """Samples in an order that stays."""

    def __len__(self) -> int: ...
    def first(self: SomeSplit, number: int) -> SomeSplit:
        """The first samples alone."""


SomeSplit = TypeVar("SomeSplit", bound=Split)
S_co = TypeVar("S_co", bound=Split, covariant=True)


@dataclass(frozen=True)
class DataSet(Generic[S_co]):
    """The three splits, and the names of the classes, a character each, in their order.

    `transform` is how its training set is varied by itself, whatever the training adds.
    """

    train: S_co
    val: S_co
    test: S_co
    classes: str
    transform: Transform | None = None

    def few(self, number: int) -> DataSet[S_co]:
        """All three splits are the first samples of the training set, which are not varied."""
        first = self.train.first(number)
        return DataSet(first, first, first, self.classes)
