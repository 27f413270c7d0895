"""When it pays to keep an interpreter with the imports of a program. Pure.

Jobs of hours gain nothing, and start as they always have. What is known of a program are the jobs of it that have ended: so its
first one always starts cold, unless a person has asked for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

SHORTEST = 0.4  # seconds that a job of it takes: in less, hardly anything can have been imported
LONGEST = 120.0  # seconds that a job of it takes: of more, the imports are hardly ever a part
SHARE = 0.1  # of a job's time: imports that take less are left to the job
LEAST = 0.15  # seconds that imports take
MOST = 2  # interpreters at once: each holds the memory of what it has imported
DEATHS = 3  # of launchers, or of interpreters, after which a program starts cold for good
KEPT = 9  # durations that count


@dataclass
class Record:
    """What is known of one program."""

    seconds: list[float] = field(default_factory=list)
    deaths: int = 0
    refused: bool = False
    is_asked: bool = False  # a person wants it
    without: tuple[str, ...] = ()  # packages after whose import nothing could be forked

    @property
    def usual(self) -> float:
        """Seconds that a job of it takes; infinity: nobody knows."""
        from statistics import median  # with fractions and random numbers, and few runs have so many jobs

        return median(self.seconds) if self.seconds else math.inf


class Worth:
    """`many`: whether there are so many jobs that it may pay without a person's wish."""

    def __init__(self, *, many: bool) -> None:
        self._many, self._records = many, dict[str, Record]()

    def of(self, key: str) -> Record:
        return self._records.setdefault(key, Record())

    def ended(self, key: str, seconds: float) -> None:
        """A job of it has succeeded."""
        record = self.of(key)
        record.seconds = [*record.seconds, seconds][-KEPT:]

    def wants(self, key: str, wished: bool | None) -> bool:
        """Whether one is to be started. `wished`: what the policy of its jobs says, None: nothing."""
        record = self._records.get(key)
        if record and (record.refused or record.deaths >= DEATHS):
            return False
        if wished is not None:
            return wished
        return self._many and record is not None and SHORTEST <= record.usual <= LONGEST

    def pays(self, key: str, seconds: float) -> bool:
        """Whether imports of so many seconds are a part of its jobs that counts."""
        usual = self.of(key).usual
        return self.of(key).is_asked or (seconds >= LEAST and (usual == math.inf or seconds >= SHARE * usual))
