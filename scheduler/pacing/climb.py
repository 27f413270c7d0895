"""From how many jobs at once to how many: one step more as long as all together gain by it. Pure.

look    at the present level: nothing else is tried before it is known how fast jobs are here
up      a step more is tried; where it pays, that is the present level, and the next step is to come
down    where the first step up made things worse, a step fewer is tried, as long as that pays
settled at the best level that was found; nothing is tried any more, so nothing swings to and fro
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import field, replace

from scheduler.pacing.speeds import FEW, Gain, Speeds
from scheduler.values import dataclass

WORTH = math.log(1.05)  # what a step must gain: less does not pay for the memory
WORSE = math.log(0.97)  # a first step up below which fewer than at the beginning are tried
KNOWN = 0.04  # an error of the logarithm of a speed that is known
SURE = 0.06  # an error of a gain below which the better side is taken, however near the other is
TRIES = 3  # of a step between which the present level is looked at anew; then the better side is taken
LOOK, UP, DOWN, SETTLED = "look", "up", "down", "settled"


@dataclass(frozen=True)
class Climb:
    """`level`: the best so far, `step`: how many jobs more or fewer are tried next, `least` and `most`: where it ends. `heads`:
    UP or DOWN; `tries` of the present step. `gains`: of each level that was compared, over the one that was best then."""

    level: int
    step: int = 1
    least: int = 1
    most: int = 1 << 16
    phase: str = LOOK
    heads: str = UP
    tries: int = 0
    gains: Mapping[int, float] = field(default_factory=dict)

    @property
    def next(self) -> int:
        """The level to be compared with the present one."""
        return self.level + (self.step if self.heads == UP else -self.step)

    @property
    def wanted(self) -> int:
        """How many jobs are to run at once now."""
        return self.next if self.phase in (UP, DOWN) else self.level

    @property
    def may_go_on(self) -> bool:
        """Whether there is a level to be compared with the present one."""
        return self.least <= self.next <= self.most

    @property
    def is_settled(self) -> bool:
        return self.phase == SETTLED

    def stopped(self) -> Climb:
        """The machine has no room for more."""
        return replace(self, phase=SETTLED)

    def after(self, speeds: Speeds, running: Collection[str]) -> Climb:
        """Where it goes from here by all that is known; itself, as long as that is too little. `running`: the jobs of which more
        may become known."""
        if self.is_settled:
            return self
        if self.phase == LOOK:
            return self._looked(speeds, running)
        gain = speeds.gain(self.level, self.next)
        if gain and (gain.error <= SURE or abs(gain.log - WORTH) > 2 * gain.error):
            return self._judged(gain)
        if speeds.error(self.level, running) < math.inf or speeds.whole(self.next) < FEW * (self.tries + 1):
            return self
        if self.tries + 1 < TRIES:
            return replace(self, phase=LOOK, tries=self.tries + 1)
        return self._judged(gain) if gain else self.stopped()

    def _looked(self, speeds: Speeds, running: Collection[str]) -> Climb:
        if not self.may_go_on:
            return self.stopped()
        enough = speeds.error(self.level, running) <= KNOWN or speeds.whole(self.level) >= FEW * (self.tries + 1)
        return replace(self, phase=self.heads) if enough else self

    def _judged(self, gain: Gain) -> Climb:
        known = replace(self, gains={**self.gains, self.next: round(gain.ratio, 3)})
        if gain.log >= (WORTH if self.heads == UP else 0.0):
            higher = replace(known, level=self.next, phase=LOOK, tries=0)
            return higher if higher.may_go_on else higher.stopped()
        if not self.gains and gain.log < WORSE:
            return replace(known, phase=LOOK, heads=DOWN, tries=0)
        return known.stopped()
