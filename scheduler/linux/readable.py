"""Which of several descriptors can be read: by poll(2), since select(2) knows only the first 1024 of a process."""

from __future__ import annotations

import math
import select
from collections.abc import Iterable
from typing import Protocol


class HasFileno(Protocol):
    def fileno(self) -> int: ...


def readable(sources: Iterable[int | HasFileno], seconds: float = math.inf) -> set[int]:
    """The numbers of those that can be read, or have come to their end, once there is one; empty where there is none within so
    many seconds."""
    poll = select.poll()
    for source in sources:
        poll.register(source, select.POLLIN)
    return {number for number, _ in poll.poll(None if seconds == math.inf else math.ceil(1000 * seconds))}
