"""How long an attempt has worked: its pauses count for none of its clocks. A launcher imports this, so it imports little."""

from __future__ import annotations

import math


class WorkClock:
    """All times are monotonic, in seconds."""

    def __init__(self, started: float) -> None:
        self.started = started
        self._rested, self._paused_at = 0.0, math.inf

    def pause(self, now: float) -> None:
        """It stands still from `now` on."""
        self._paused_at = now

    def go_on(self, now: float) -> float:
        """It goes on; returns how long it has stood still."""
        rested = self.paused_for(now)
        self._rested, self._paused_at = self._rested + rested, math.inf
        return rested

    def paused_for(self, now: float) -> float:
        """How long the present pause has lasted; 0 if there is none."""
        return max(0.0, now - self._paused_at)

    def worked(self, now: float) -> float:
        """Since its start, without pauses."""
        return now - self.started - self._rested - self.paused_for(now)

    def will_have_worked(self, seconds: float) -> float:
        """When it will have worked so long if it is not paused."""
        return self.started + self._rested + seconds
