"""What is doubtful about a command before it has ever run: words for a shell, and a GPU of its own choice."""

from __future__ import annotations

import re

_OWN_GPUS = re.compile(r"(?<![\w$])CUDA_VISIBLE_DEVICES=")


def own_gpus(text: str) -> bool:
    """Whether a command sets CUDA_VISIBLE_DEVICES itself, which is where a job gets its GPU.

    >>> own_gpus("CUDA_VISIBLE_DEVICES=1 python a.py"), own_gpus("echo $CUDA_VISIBLE_DEVICES")
    (True, False)
    """
    return bool(_OWN_GPUS.search(text))
