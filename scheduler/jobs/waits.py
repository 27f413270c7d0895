"""Which waits are worth a line: those that last, once, and again when the reason has changed after a while. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scheduler.jobs.plan import Wait

LASTING = 1.0
SAY_EVERY = 10.0


@dataclass(frozen=True)
class _Waiting:
    since: float
    said_at: float = float("-inf")
    said: str = ""


class Waits:
    """Remembers what has been told. A GPU changes hands within a second: such waits are nobody's concern."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}

    def news(self, waits: Sequence[Wait], now: float) -> list[Wait]:
        """The waits to tell of at `now`, in monotonic seconds."""
        self._waiting = {wait.job.id: self._waiting.get(wait.job.id, _Waiting(now)) for wait in waits}
        news = [wait for wait in waits if self._is_news(wait, self._waiting[wait.job.id], now)]
        for wait in news:
            self._waiting[wait.job.id] = replace(self._waiting[wait.job.id], said_at=now, said=wait.reason)
        return news

    @staticmethod
    def _is_news(wait: Wait, known: _Waiting, now: float) -> bool:
        lasts, rested = now - known.since >= LASTING, now - known.said_at >= SAY_EVERY
        return not wait.passing and lasts and rested and wait.reason != known.said
