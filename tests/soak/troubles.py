"""What befalls the machine of a soak while its jobs run, and passes again: none of it may cost a job."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import resource
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scheduler.gpus.mutex import NAME
from tests.descriptors import limit_for
from tests.fakes.nvml.fake_driver import FakeDriver, gpu_lines
from tests.soak import victims

LOST = 15  # NVML_ERROR_GPU_IS_LOST
LONGER_THAN_ANY_DECISION = 7.0  # seconds that somebody sits on the machine's mutex
SHORT = (0.5, 2.0)


@dataclass
class Troubles:
    """At most one at a time. `strike` begins one by chance or ends the one that is due; `relieve` ends it now."""

    dice: random.Random
    driver: FakeDriver
    claims: Path
    home: Path
    work: Path
    gpus: int
    seen: Counter[str] = field(default_factory=Counter)
    _relief: Callable[[], None] | None = None
    _until: float = 0.0

    def strike(self) -> None:
        if self._relief:
            if time.monotonic() >= self._until:
                self.relieve()
        elif self.dice.random() < 0.05:
            self.dice.choice([self._a_gpu_is_lost, self._somebody_sits_on_the_mutex, self._descriptors_run_out])()

    def relieve(self) -> None:
        if self._relief:
            self._relief()
        self._relief = None

    def _lasts(self, name: str, seconds: float, relief: Callable[[], None]) -> None:
        self.seen[name] += 1
        self._until, self._relief = time.monotonic() + seconds, relief

    def _a_gpu_is_lost(self) -> None:
        """What stands behind a job for several GPUs must go on, on those that are left."""
        lines = gpu_lines(self.gpus)
        lines[self.dice.randrange(self.gpus)] += f" error={LOST}"
        self.driver.shows(*lines)
        self._lasts("lost GPU", self.dice.uniform(*SHORT), lambda: self.driver.shows(*gpu_lines(self.gpus)))

    def _somebody_sits_on_the_mutex(self) -> None:
        """As a peer that was stopped with Ctrl-Z does, or any user: an flock needs no permission to write."""
        try:
            mutex = os.open(self.claims / NAME, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(mutex, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(mutex)
            return
        self._lasts("held mutex", LONGER_THAN_ANY_DECISION, lambda: os.close(mutex))

    def _descriptors_run_out(self) -> None:
        """Launchers, and the runners that have begun, cannot open one more file."""
        found = victims.find(self.home, self.work)
        squeezed = [each.pid for each in found if each.kind == "launcher" or _has_begun(each, self.home)]
        before = {pid: limit for pid in squeezed if (limit := _squeeze(pid))}
        if before:
            self._lasts("no descriptors", self.dice.uniform(*SHORT), lambda: _restore(before))


def _has_begun(victim: victims.Victim, home: Path) -> bool:
    """Whether it is a runner that others see drive its jobs. One that has not come so far may say what it lacks, and end; it may
    have a launcher by then."""
    return victim.kind == "runner" and any((home / "launchers").glob(f"*-{victim.pid}.runner"))


def _squeeze(pid: int) -> tuple[int, int] | None:
    """Leave a process the descriptors that it has; its limits before, or None if it is gone."""
    with contextlib.suppress(OSError):
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit_for(pid), limits[1]))
        return limits
    return None


def _restore(limits: dict[int, tuple[int, int]]) -> None:
    for pid, limit in limits.items():
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
