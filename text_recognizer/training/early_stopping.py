"""When a training has stopped getting better: a pure record of the best epoch so far."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class BestEpoch:
    """The best validation figure so far, the last epoch that gave it, and the first one that did; epoch 0: none yet.

    Among equal epochs the last is the best, for the one-cycle schedule has come further by then; but only a really
    better figure counts as progress.
    """

    goal: str
    figure: float = float("nan")
    epoch: int = 0
    first: int = 0

    def after(self, epoch: int, figure: float) -> BestEpoch:
        """The record once this epoch's figure is known; nan is never the best."""
        if figure == self.figure:
            return replace(self, epoch=epoch)
        return replace(self, figure=figure, epoch=epoch, first=epoch) if self._better(figure) else self

    def exhausted(self, epoch: int, patience: int, min_epochs: int) -> bool:
        """Whether `patience` epochs (0: never) have passed without a better figure, after `min_epochs` in any case."""
        return 0 < patience <= epoch - self.first and epoch >= min_epochs

    def _better(self, figure: float) -> bool:
        if self.epoch == 0:
            return figure == figure  # false for nan
        return figure > self.figure if self.goal == "maximize" else figure < self.figure
