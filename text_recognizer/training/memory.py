"""Whether what went wrong is that there was no memory left."""

from __future__ import annotations

import torch

_WORDS = ("can't allocate memory", "not enough memory", "out of memory")


def out_of_memory(error: Exception) -> bool:
    """On a GPU PyTorch has an error of its own for it; on the CPU it is a RuntimeError that says so."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error).lower() for words in _WORDS)
