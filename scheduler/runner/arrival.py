"""What this machine offers when we begin; and where it has no driver then, the GPUs of one that comes later."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from scheduler.gpus.driver import surely_no_driver, watch_for_driver
from scheduler.gpus.observation import Settings
from scheduler.gpus.reading import NO_DRIVER_NOTE, Reading
from scheduler.gpus.sampler import Sampler, first_reading
from scheduler.gpus.settings import settings_from
from scheduler.runner.devices import NOTHING, CpuDevices, Devices, GpuDevices
from scheduler.runner.gpu_view import GpuView, History

LOOK_EVERY = 10.0  # seconds, where the kernel gives no watch


class Arriving:
    """Devices (`devices`) that are the CPU's first, and those of the GPUs once a driver has told of one that works.

    A driver that fails is none yet: jobs that nobody meant for a GPU must not stop because somebody installs one. The
    descriptor that a runner sleeps on stays the same.
    """

    def __init__(self, sampler: Sampler, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
        self._sampler, self._settings, self._environment = sampler, settings, environment
        self._watch = watch_for_driver(environment)
        self._now: Devices = CpuDevices(NO_DRIVER_NOTE)
        self._looked_at = time.monotonic()
        self._epoll = select.epoll()
        for source in (self._watch, sampler):
            self._epoll.register(source.fileno(), select.EPOLLIN)

    @property
    def devices(self) -> Devices:
        """This, for whoever asks no more of it than of any devices."""
        return cast(Devices, self)

    def __getattr__(self, name: str) -> Any:
        """All that is not about the arrival, as what there is now answers it."""
        return getattr(self._now, name)

    def fileno(self) -> int:
        """Readable when a driver may have come, and later for what its GPUs tell."""
        return self._epoll.fileno()

    def sources(self) -> Sequence[Any]:
        return (self,)

    def refresh(self) -> None:
        if not self._now.with_gpus:
            self._look()
        self._now.refresh()

    def view(self, history: History = NOTHING) -> GpuView | None:
        return self._now.view(history)

    def close(self) -> None:
        self._now.close()
        self._epoll.close()
        if not self._now.with_gpus:
            self._watch.close()
            self._sampler.close()

    def _look(self) -> None:
        if self._is_worth_a_look() and not surely_no_driver(self._environment):
            self._sampler.start()
        reading = self._sampler.read()
        if reading and not reading.problem and self._settings.allowed.of(reading.gpus):
            self._change_to(reading)

    def _is_worth_a_look(self) -> bool:
        now, told = time.monotonic(), self._watch.drain()
        if not told and (self._watch.precise or now - self._looked_at < LOOK_EVERY):
            return False
        self._looked_at = now
        return True

    def _change_to(self, reading: Reading) -> None:
        """From now on there are GPUs. What runs on the CPU goes on there."""
        self._epoll.unregister(self._watch.fileno())
        self._epoll.unregister(self._sampler.fileno())
        self._watch.close()
        self._now = GpuDevices(self._sampler, reading, self._settings)
        for source in self._now.sources():
            self._epoll.register(source.fileno(), select.EPOLLIN)


def open_devices(settings: Settings | None = None, environment: Mapping[str, str] = os.environ) -> Devices:
    """What this machine offers, within CUDA_VISIBLE_DEVICES. Takes under a millisecond where there is no driver.

    `settings`: how much respect for others; None: what `environment` says.
    """
    settings = settings or settings_from(environment)
    if settings.allowed.nothing:
        return CpuDevices("CUDA_VISIBLE_DEVICES hides every GPU: jobs run on the CPU")
    if surely_no_driver(environment):
        return Arriving(Sampler(), settings, environment).devices
    sampler = Sampler()
    sampler.start()
    first = first_reading(sampler)
    if first.available:
        return GpuDevices(sampler, first, settings)
    return Arriving(sampler, settings, environment).devices
