"""The threads that do what the keys ask for, each with a store of its own: what is stopped may take its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from scheduler.actions.opening import opened_queue
from scheduler.shortage import start
from scheduler.top.acts import Act

PATIENCE = 2.0  # seconds for what is being done when somebody leaves

Tell = Callable[[str, bool], None]


class Hands:
    """`tell` hears, in their threads, how it goes on and what was done, as sentences; and whether that was the last of an act."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._busy: list[threading.Thread] = []

    def do(self, act: Act) -> None:
        """Begin with it. Shortage where there is no room for a thread."""
        thread = threading.Thread(target=self._run, args=(act,), daemon=True)
        start(thread)
        self._busy = [*(each for each in self._busy if each.is_alive()), thread]

    def _run(self, act: Act) -> None:
        try:
            with opened_queue(self._go_on) as store:
                text = act(store, self._go_on)
        except Exception as error:  # noqa: BLE001 (whatever it is: it is said)
            text = str(error) or type(error).__name__
        self._tell(text, True)

    def _go_on(self, text: str) -> None:
        self._tell(text, False)

    def wait(self) -> bool:
        """After the end: whether all has been done, or could be in a moment."""
        deadline = time.monotonic() + PATIENCE
        for thread in self._busy:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._busy)
