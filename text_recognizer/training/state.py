"""All that decides the next step of a training: what is kept after every epoch, and what one that goes on begins with."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from text_recognizer.training.averaging import averaged
from text_recognizer.training.course import Course
from text_recognizer.training.early_stopping import BestEpoch
from text_recognizer.training.options import TrainOptions
from text_recognizer.training.precision import precision_for
from text_recognizer.training.steps import Descent, Learner

B = TypeVar("B")


@dataclass(frozen=True)
class Generators:
    """Where chance comes from: `order` shuffles the samples; dropout and augmentation draw from torch's global generators of
    the CPU and of `device`; Python's own is there for whatever else may draw."""

    order: np.random.Generator
    device: torch.device

    def tensors(self) -> dict[str, torch.Tensor]:
        """Where torch's generators are."""
        cuda = {"cuda": torch.cuda.get_rng_state(self.device)} if self.device.type == "cuda" else {}
        return {"torch": torch.get_rng_state(), **cuda}

    def about(self) -> dict[str, Any]:
        """Where the others are, as JSON."""
        return {"numpy": self.order.bit_generator.state, "python": random.getstate()}

    def restore(self, tensors: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> None:
        """Puts all of them where `tensors` and `about` were taken; what `about` holds beside them does not matter."""
        torch.set_rng_state(tensors["torch"])
        if "cuda" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["cuda"], self.device)
        self.order.bit_generator.state = about["numpy"]
        version, numbers, gauss = about["python"]
        random.setstate((version, tuple(numbers), gauss))


@dataclass
class State:
    """A training between two epochs; `epoch` is the last that is over, 0 before the first."""

    network: nn.Module
    average: AveragedModel | None
    descent: Descent
    course: Course
    generators: Generators
    best: BestEpoch
    epoch: int = 0

    @property
    def read_with(self) -> nn.Module:
        """The network that validates, tests and is kept: with the average of the weights where there is one."""
        return self.average.module if self.average else self.network

    def learn(self, learner: Learner[B], batch: B, share: float) -> torch.Tensor:
        """Takes one batch, and makes a step where that was the last that one takes; the loss, a scalar on the device."""
        loss = self.descent.add(learner, batch)
        if self.descent.is_due:
            self._step(share)
        return loss

    def end_epoch(self) -> None:
        """A step with what is left, if anything is: between two epochs no gradient is held."""
        if self.descent.added:
            self._step(self.course.share)

    def _step(self, share: float) -> None:
        """One step of the descent, and of the average after it."""
        self.descent.step(share)
        if self.average:
            self.average.update_parameters(self.network)

    def start_from(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Takes these weights in place of random ones. Raises RuntimeError where they are another network's."""
        self.network.load_state_dict(weights)
        if self.average:
            self.average.module.load_state_dict(weights)


def fresh(network: nn.Module, options: TrainOptions, samples: int, goal: str, device: torch.device) -> State:
    """Before the first epoch on so many samples, with the network as it is, on its device."""
    return State(
        network,
        averaged(network, options.ema) if options.ema else None,
        Descent(network, options, precision_for(options.precision, device)),
        Course(options.epochs * samples, 60 * options.cpu_minutes),
        Generators(np.random.default_rng(options.seed), device),
        BestEpoch(goal),
    )
