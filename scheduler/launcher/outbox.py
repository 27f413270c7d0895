"""What a thread has to tell the loop of a runner: reports, as launchers send them, and a descriptor that is readable when there
are any."""

from __future__ import annotations

import queue
import socket
from contextlib import suppress
from typing import Any


class Outbox:
    """`tell` is of any thread."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)

    def fileno(self) -> int:
        return self._ours.fileno()

    def tell(self, attempt: str, **report: Any) -> None:
        self._waiting.put({**report, "attempt": attempt})
        with suppress(BlockingIOError):
            self._theirs.send(b".")

    def reports(self) -> list[dict[str, Any]]:
        """What was told since the last call."""
        with suppress(BlockingIOError):
            while self._ours.recv(4096):
                pass
        found = []
        with suppress(queue.Empty):
            while True:
                found.append(self._waiting.get_nowait())
        return found

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()
