"""Which jobs are one to a host that has no room for one of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import ceil

from scheduler.experiments import Resources
from scheduler.gpus.packing import GpuUse, request_of
from scheduler.queue.asks import as_json

GIB = 1024  # MiB


def kind_of(resources: Resources, uses: Sequence[GpuUse] = ()) -> str:
    """What a job asks for, with what attempts at its experiment (`uses`) have taught of GPU memory, in whole GiB: where there is
    no room for one job of a kind, there is none for any. Two that ask for the same are of two kinds where one needs more memory.

    To a host it is a word: it may know less of these attempts, and would find another one.
    """
    asked = as_json(resources)
    learned = request_of(resources, uses)
    if learned == request_of(resources):
        return asked
    memory = {model: ceil(needed / GIB) for model, needed in sorted(learned.estimates.items())}
    return json.dumps([asked, learned.exclusive, memory])
