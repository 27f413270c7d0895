"""The rows about the GPUs of attempts, in their system logs, for as long as a runner watches them.

The launcher of an attempt outlives its runner and writes the other rows; but to read a GPU takes the driver's library, which no
launcher loads. Of two runners that watch the same attempt one writes: it holds the lock of the file, and when it is gone the
other goes on from the energy that stands there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass

from scheduler.gpus.metering import Meter
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Reading
from scheduler.gpus.view import View
from scheduler.launcher.system_log import line, pace
from scheduler.queue.job import Attempt
from scheduler.tracking.system_use import energy_so_far, tail


@dataclass
class _Metered:
    """One attempt. `file`: the log, once it is ours."""

    attempt: Attempt
    every: float
    due: float  # monotonic
    meter: Meter
    file: int | None = None


class GpuRows:
    """The attempts under way on GPUs, by their claims."""

    def __init__(self) -> None:
        self._metered: dict[str, _Metered] = {}
        self._reading = Reading()

    def begin(self, claim: str, attempt: Attempt, every: float) -> None:
        """Watch an attempt from now on; `every`: seconds between its rows, 0: there are none."""
        if every:
            left = max(0.0, every - max(0.0, time.time() - attempt.started))
            self._metered[claim] = _Metered(attempt, every, time.monotonic() + left, Meter(self._reading))

    def take(self, seen: View, now: float) -> None:
        """Take in a view later than all before, and write the rows that are due."""
        self._reading = seen.reading
        for claim in seen.claims:
            metered = self._metered.get(claim.id)
            if metered:
                metered.meter.take(seen, claim)
                if metered.due <= now:
                    self._write(metered, claim, now)

    def end(self, claim: str) -> None:
        """The attempt is over, or somebody else's affair: its last row, if it had any, has the energy until now."""
        metered = self._metered.pop(claim, None)
        if metered and metered.file is not None:
            if last := metered.meter.last():
                with contextlib.suppress(OSError):
                    os.write(metered.file, line(last, time.time()))
            os.close(metered.file)

    def close(self) -> None:
        for claim in list(self._metered):
            self.end(claim)

    def _write(self, metered: _Metered, claim: ClaimRecord, now: float) -> None:
        size = 0
        with contextlib.suppress(OSError):  # no room, or its launcher has not made the directory yet
            if metered.file is None:
                metered.file = _taken(metered.attempt)
                _resume(metered)
            if values := metered.meter.row(claim.memory):
                os.write(metered.file, line(values, time.time()))
            size = os.fstat(metered.file).st_size
        if metered.file is None:  # another runner measures it
            metered.meter = Meter(self._reading)
        metered.due = now + pace(metered.every, size)


def _taken(attempt: Attempt) -> int:
    """The open log, locked. OSError where somebody else has it, or it cannot be had."""
    file = os.open(attempt.system, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def _resume(metered: _Metered) -> None:
    """Go on from what a runner before us has measured."""
    energy, shared = energy_so_far(tail(metered.attempt.system))
    meter = metered.meter
    meter.energy = meter.energy if energy is None else energy + (meter.energy or 0.0)
    meter.shared = meter.shared or shared
