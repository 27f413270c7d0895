"""Where there is no driver when we begin: the desk for the GPUs of one that comes later."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping

from scheduler.gpus.desk import Desk
from scheduler.gpus.directory import lock_directory
from scheduler.gpus.driver import surely_no_driver, watch_for_driver
from scheduler.gpus.observation import Settings
from scheduler.gpus.sampler import Sampler

LOOK_EVERY = 10.0  # seconds, where the kernel gives no watch


class Arrival:
    """Watches for a driver, and asks one that has come.

    A driver that fails is none yet: jobs that nobody meant for a GPU must not stop because somebody installs one.
    """

    def __init__(
        self, sampler: Sampler, settings: Settings, patience: float, environment: Mapping[str, str] = os.environ
    ) -> None:
        """`settings` and `patience`: those of the desk."""
        self._sampler, self._settings, self._patience, self._environment = sampler, settings, patience, environment
        self._watch = watch_for_driver(environment)
        self._has_come = False
        self._looked_at = time.monotonic()
        self._epoll = select.epoll()
        for source in (self._watch, sampler):
            self._epoll.register(source.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """Readable when a driver may have come, and later for what there is at the desk: whoever sleeps on it need not know."""
        return self._epoll.fileno()

    def desk(self) -> Desk | None:
        """The desk, once a driver has told of a GPU that works; it is the caller's then, and this is not asked again."""
        if self._is_worth_a_look() and not surely_no_driver(self._environment):
            self._sampler.start()
        reading = self._sampler.read()
        if not reading or reading.problem or not self._settings.allowed.of(reading.gpus):
            return None
        return self._opened()

    def close(self) -> None:
        """Stop watching. What is at the desk by then is closed with that."""
        self._epoll.close()
        if not self._has_come:
            self._watch.close()
            self._sampler.close()

    def _is_worth_a_look(self) -> bool:
        now, told = time.monotonic(), self._watch.drain()
        if not told and (self._watch.precise or now - self._looked_at < LOOK_EVERY):
            return False
        self._looked_at = now
        return True

    def _opened(self) -> Desk:
        desk = Desk(self._sampler, self._settings, lock_directory(), self._patience)
        self._epoll.unregister(self._watch.fileno())
        self._epoll.unregister(self._sampler.fileno())
        self._watch.close()
        for source in desk.sources:
            self._epoll.register(source.fileno(), select.EPOLLIN)
        self._has_come = True
        return desk
