"""Muon: the momentum of every matrix made orthogonal before it is a step.

PyTorch's own takes nothing but matrices. Here a kernel (out, in, h, w) is the matrix (out, in * h * w), and what is not a
matrix of a hidden layer is left to AdamW.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

_MOMENTUM = 0.95
_LIKE_ADAMW = 0.2
_ROUNDS = 5
_LINEAR, _CUBIC, _FIFTH = 3.4445, -4.7750, 2.0315


class Muon(torch.optim.AdamW):
    """AdamW whose groups with `orthogonal: True` take Jordan's steps (2024) instead, with Nesterov momentum.

    They are as long as those of AdamW mostly are, 0.2 for each weight (Liu et al. 2025), so that lr and weight decay mean
    the same.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of all groups. A gradient that was made orthogonal is gone afterwards."""
        for group in self.param_groups:
            if group.get("orthogonal"):
                for weight in group["params"]:
                    self._descend(weight, group["lr"], group["weight_decay"])
        super().step(closure)

    def _descend(self, weight: torch.nn.Parameter, lr: float, decay: float) -> None:
        if weight.grad is None:
            return
        # By the names of AdamW's own state, so that PyTorch saves and restores it with the rest.
        kept = self.state[weight]
        if not kept:
            kept["step"], kept["exp_avg"] = torch.tensor(0.0), torch.zeros_like(weight)
        kept["step"] += 1
        mean = kept["exp_avg"].lerp_(weight.grad, 1 - _MOMENTUM)
        ahead = weight.grad.lerp(mean, _MOMENTUM).flatten(1)
        length = _LIKE_ADAMW * math.sqrt(max(ahead.shape))
        weight.mul_(1 - lr * decay).add_(orthogonal(ahead).reshape(weight.shape), alpha=-lr * length)
        weight.grad = None


def parted(weights: dict[str, Any], *others: dict[str, Any]) -> list[dict[str, Any]]:
    """Groups of parameters for Muon; those of `weights` in two, the hidden layers' apart.

    Not hidden is the first weight, which sees pixels, and what has as many rows as the last one, which are characters: heads and
    embeddings. Made orthogonal as well they cost half a point of the error rate (docs/LOG.md).
    """
    first, *rest = weights["params"]
    classes = weights["params"][-1].shape[0]
    hidden = [weight for weight in rest if weight.shape[0] != classes]
    outer = [first, *(weight for weight in rest if weight.shape[0] == classes)]
    return [{**weights, "params": hidden, "orthogonal": True}, {**weights, "params": outer}, *others]


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """About the orthogonal matrix that is nearest: all singular values between 0.7 and 1.2, by five rounds of a polynomial
    in the matrix (Newton and Schulz; the coefficients are Jordan's). Computed in bf16."""
    x = matrix.bfloat16()
    if tall := x.shape[0] > x.shape[1]:
        x = x.T
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(_ROUNDS):
        gram = x @ x.T
        x = _LINEAR * x + (_CUBIC * gram + _FIFTH * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)
