"""The thread that looks: it has a store of its own, and hands over what it has seen."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from scheduler.actions.lookout import CLOCK, LEAST, pause
from scheduler.actions.opening import opened_devices, opened_queue
from scheduler.actions.roster import Page, Roster, View
from scheduler.actions.scene import Scene
from scheduler.actions.wait import Ears
from scheduler.actions.watch import lookout
from scheduler.gpus.observation import Settings
from scheduler.queue.store import Store
from scheduler.report.log_view import newest_line
from scheduler.runner.devices import Devices
from scheduler.shortage import start
from scheduler.values import dataclass

AGAIN = 2.0  # seconds until the next try where the queue could not be looked at


@dataclass(frozen=True)
class Seen:
    """What there was to see; `trouble`: why it is not known any more."""

    scene: Scene
    page: Page
    trouble: str = ""


class Eyes:
    """Looks until it is closed. `heed` is called, in its thread, when there is something new to `take`."""

    def __init__(self, heed: Callable[[], None], settings: Settings | None = None) -> None:
        self._heed, self._settings = heed, settings
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._view, self._is_fresh, self._is_over = View(), False, False
        self._seen: Seen | None = None
        self._last = Seen(Scene(time.time(), time.time()), Page())
        self._cost = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def open(self) -> None:
        """Begin to look. Shortage where there is no room for a thread."""
        start(self._thread)

    def close(self) -> None:
        """Look no longer."""
        self._is_over = True
        self._ring()
        if self._thread.is_alive():
            self._thread.join()
        os.close(self._bell)

    def ask(self, view: View, *, fresh: bool = False) -> None:
        """Look at this from now on; `fresh`: something was changed that must be seen."""
        with self._lock:
            self._view, self._is_fresh = view, self._is_fresh or fresh
        self._ring()

    def take(self, cost: float = 0.0) -> Seen | None:
        """What was seen last, once; `cost`: seconds of a core that it took to show what was taken before."""
        with self._lock:
            seen, self._seen, self._cost = self._seen, None, cost
        return seen

    def _ring(self) -> None:
        os.eventfd_write(self._bell, 1)

    def _run(self) -> None:
        while not self._is_over:
            try:
                with opened_devices(self._settings) as devices, opened_queue(self._complain) as store:
                    _Look(self, store, devices).go_on()
            except Exception as error:  # noqa: BLE001 (whatever it is: it is said, and looked at again)
                self._complain(f"the queue cannot be looked at: {error}")
                self._is_rung(AGAIN)

    def _complain(self, text: str) -> None:
        self._show(replace(self._last, trouble=text))

    def _show(self, seen: Seen) -> None:
        with self._lock:
            is_waiting, self._seen, self._last = self._seen is not None, seen, seen
        if not is_waiting and not self._is_over:
            self._heed()

    def _is_rung(self, seconds: float = 0.0) -> bool:
        """Whether somebody has asked for something, or does so within that time."""
        events = select.poll()  # not select(2): a process may have more than 1024 descriptors
        events.register(self._bell, select.POLLIN)
        if not events.poll(1000 * seconds):
            return False
        os.eventfd_read(self._bell)
        return True


class _Look:
    """One opening of the store."""

    def __init__(self, eyes: Eyes, store: Store, devices: Devices) -> None:
        self._eyes, self._store = eyes, store
        self._lookout, self._roster = lookout(store, None, devices, newest_line), Roster(store)
        self._scene = eyes._last.scene
        self._due = 0.0  # not before this is there another scene

    def go_on(self) -> None:
        """Until it is over. What no runner writes down is written down, as by `wait`."""
        eyes, is_due = self._eyes, True
        with Ears(self._store) as ears:
            while not eyes._is_over:
                begun = time.thread_time()
                with eyes._lock:
                    view, fresh, eyes._is_fresh = eyes._view, eyes._is_fresh, False
                if is_due or fresh:
                    ears.drain()
                    self._scene = self._lookout.scene()
                    ears.follow(self._lookout.attempts)
                eyes._show(Seen(self._scene, self._roster.page(self._scene, view, fresh=fresh)))
                if is_due or fresh:
                    self._due = time.monotonic() + pause(time.thread_time() - begun + eyes._cost)
                is_due = self._rest(ears)

    def _rest(self, ears: Ears) -> bool:
        """Whether it is time for another scene; False: somebody has asked for something."""
        if self._eyes._is_rung(max(self._due - time.monotonic(), 0.0)):
            return False
        ears.wait(CLOCK - LEAST, self._eyes._bell)
        return not self._eyes._is_rung()
