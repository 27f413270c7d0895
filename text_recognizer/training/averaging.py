"""An exponential moving average of a network's weights, which reads better than the last weights alone."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

_Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """A copy of the network that `update_parameters(network)` moves towards it, buffers of norms included.

    The first steps count more, `min(decay, (1 + n) / (10 + n))` after n of them, so that the random start is forgotten.
    """

    @torch.no_grad()
    def towards(averages: _Tensors, current: _Tensors, steps: torch.Tensor | int) -> None:
        n = torch.as_tensor(steps)  # not a number, which would make the device wait
        share = 1 - ((1 + n) / (10 + n)).clamp(max=decay)
        for average, now in zip(averages, current, strict=True):
            if average.is_floating_point():
                average.lerp_(now, share.to(average.dtype))
            else:
                average.copy_(now)

    return AveragedModel(network, multi_avg_fn=towards, use_buffers=True)
