"""`torch.compile` where it is asked for and works; elsewhere the network computes as it is written."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import nn


def compiled(network: nn.Module, device: torch.device, say: Callable[[str], None]) -> None:
    """Makes the network compute in compiled form from its next call on; its weights keep their names.

    A machine that cannot compile (no C compiler, no Triton) is found out with a trifle first, and `say` is told why. A part
    of the network that cannot be compiled runs as it is written.
    """
    try:
        torch.compile(_trifle)(torch.ones(8, device=device))
    except (RuntimeError, OSError, ImportError) as error:
        say(f"not compiled, for torch.compile fails here: {str(error).strip().splitlines()[0]:.160}")
        return
    torch._dynamo.config.suppress_errors = True
    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    network.compile(dynamic=True)


def _trifle(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1
