"""The thread that writes aside, for `Writer`."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue

Act = Callable[[sqlite3.Connection], object]


class Aside:
    """A thread, and what it is to do. It is asked through a queue alone, so that a Ctrl-C at any moment leaves nothing half
    asked."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.asked: SimpleQueue[Act | None] = SimpleQueue()
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=(connection,), name="writer", daemon=True)
        self._is_leaving = False

    def wait(self) -> None:
        """Until all is done that it was asked for."""
        if self._is_leaving:  # and would not answer
            self.thread.join()
            return
        done = threading.Event()
        self.asked.put(lambda _: done.set())
        done.wait()

    def stop(self) -> None:
        """The same, and the thread is gone."""
        self._is_leaving = True
        self.asked.put(None)
        self.thread.join()

    def _run(self, connection: sqlite3.Connection) -> None:
        while act := self.asked.get():
            try:
                act(connection)
            except BaseException as error:  # noqa: BLE001 (it is raised where it is waited for)
                self.error = self.error or error
