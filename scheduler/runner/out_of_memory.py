"""Did an attempt run out of GPU memory? Told from the end of its log, in the words of the common frameworks."""

from __future__ import annotations

import re
from pathlib import Path

from scheduler.tracking.readers.appended import text_at_end

TAIL = 1 << 16
# PyTorch, CUDA itself, cuBLAS, JAX and TensorFlow (XLA). Java's error of the same name is about another memory.
PLAIN = re.compile(
    r"CUDA out of memory|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|RESOURCE_EXHAUSTED"
    r"|(?<!java\.lang\.)\bOutOfMemoryError"
)
# What libraries say when a workspace could not be had, and also for other reasons.
VAGUE = re.compile(
    r"CUBLAS_STATUS_(?:NOT_INITIALIZED|EXECUTION_FAILED|INTERNAL_ERROR)|CUDNN_STATUS_(?:NOT_INITIALIZED|ALLOC_FAILED"
    r"|INTERNAL_ERROR|EXECUTION_FAILED)|Unable to find a valid cuDNN algorithm|CUDA error: unknown error"
)


def ran_out(tail: str, memory_was_full: bool) -> bool:
    """Whether the last part of a log speaks of exhausted GPU memory. `memory_was_full`: hardly any was left when we last
    looked, so that the vaguer words count too."""
    return bool(PLAIN.search(tail) or (memory_was_full and VAGUE.search(tail)))


def tail_of(log: Path) -> str:
    """The last 64 KiB of a log; empty where it cannot be read."""
    return text_at_end(log, TAIL)
