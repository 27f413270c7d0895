"""One step of gradient descent, and the schedule that the steps follow."""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from text_recognizer.training.muon import Muon, parted
from text_recognizer.training.options import TrainOptions
from text_recognizer.training.precision import Precision

B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)


class Learner(Protocol[B_contra]):
    """What a step goes down on."""

    def loss(self, batch: B_contra) -> torch.Tensor:
        """A scalar."""


class Descent:
    """An optimizer under the one-cycle schedule (Smith and Topin 2018), with gradient clipping."""

    def __init__(self, network: nn.Module, options: TrainOptions, precision: Precision) -> None:
        self.network, self.precision, self.options = network, precision, options
        self.optimizer = _optimizer(network, options, precision.device)
        self.scaler = precision.scaler()
        self.norms: dict[str, list[torch.Tensor]] = {}
        self.added = 0  # batches whose gradients are held for the next step

    def lr(self, share: float) -> float:
        """The learning rate when this share of the training is over."""
        return self.options.lr * one_cycle(share, self.options.warmup)

    @property
    def is_due(self) -> bool:
        """Whether as many batches have been added as a step takes."""
        return self.added >= self.options.accumulate

    def add(self, learner: Learner[B], batch: B) -> torch.Tensor:
        """Adds the gradient of one batch to those of the next step; its loss as a scalar that stays on the device, so that
        nothing waits for it."""
        with self.precision.autocast():
            loss = learner.loss(batch)
        self.scaler.scale(loss / self.options.accumulate).backward()
        self.added += 1
        return loss.detach()

    def step(self, share: float) -> None:
        """One step down the mean gradient of what was added, when this share of the training is over."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr(share)
        self.scaler.unscale_(self.optimizer)
        if self.options.watch:
            self._watch()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.options.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.added = 0

    def watched(self) -> dict[str, float]:
        """`gradient/PART`: the mean norm of the gradient of each part of the network since the last call, before clipping."""
        means = {f"gradient/{part}": torch.stack(norms).mean().item() for part, norms in self.norms.items()}
        self.norms = {}
        return means

    def _watch(self) -> None:
        for part, module in self.network.named_children():
            gradients = [p.grad for p in module.parameters() if p.grad is not None]
            if gradients:
                self.norms.setdefault(part, []).append(nn.utils.get_total_norm(gradients))


def one_cycle(share: float, warmup: float) -> float:
    """The learning rate, as a share of its peak, when `share` of the training is over: up from 1/25 during the share
    `warmup`, then down to 1/25000 at the end, both along half a cosine."""
    if share < warmup:
        return _half_cosine(1 / 25, 1.0, share / warmup)
    return _half_cosine(1.0, 1 / 25_000, min(1.0, (share - warmup) / max(1 - warmup, 1e-9)))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def _optimizer(network: nn.Module, options: TrainOptions, device: str) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019), or another; all but SGD let weights decay apart from the gradient."""
    groups, lr = _groups(network, options.weight_decay), options.lr
    fused = device == "cuda" or all(p.dtype is torch.float32 for p in network.parameters())
    if options.optimizer == "AdamW":
        return torch.optim.AdamW(groups, lr=lr, fused=fused)
    if options.optimizer == "Adam":
        return torch.optim.Adam(groups, lr=lr, fused=fused, decoupled_weight_decay=True)
    if options.optimizer == "Muon":
        return Muon(parted(*groups), lr=lr)
    if options.optimizer == "RAdam":
        return torch.optim.RAdam(groups, lr=lr, decoupled_weight_decay=True)
    return torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True)


def _groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Matrices and kernels decay; biases and the scales of norms do not."""
    parameters = list(network.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
