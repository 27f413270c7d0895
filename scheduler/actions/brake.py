"""A Ctrl-C that is no signal: how another thread tells a runner to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from scheduler.runner.runner import Runner


class Brake:
    """Pressed from any thread: once, nothing more is started; twice, what runs is stopped; a third time, the runner leaves.

    Presses that come before there is a runner count: it hears them before it starts anything.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._runner: Runner | None = None
        self._signals: list[int] = []

    @property
    def presses(self) -> int:
        """How often it was pressed."""
        return self._signals.count(signal.SIGINT)

    def press(self) -> None:
        """Once more. Returns at once; the runner acts on it in its own thread."""
        self._send(signal.SIGINT)

    def leave(self) -> None:
        """The runner leaves, and what runs goes on."""
        self._send(signal.SIGTERM)

    def nudge(self) -> None:
        """The runner looks again how many jobs may run at once. Nothing else becomes of it."""
        with self._lock:
            if self._runner:
                self._runner.interrupt(0)

    def _send(self, number: int) -> None:
        with self._lock:
            self._signals.append(number)
            if self._runner:
                self._runner.interrupt(number)

    @contextmanager
    def on(self, runner: Runner) -> Iterator[None]:
        """Meanwhile presses are for `runner`, those of before too."""
        with self._lock:
            self._runner = runner
            for number in self._signals:
                runner.interrupt(number)
        try:
            yield
        finally:
            with self._lock:
                self._runner = None
