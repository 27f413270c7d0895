"""Our end of the line: messages come in by standard input, and go out by what was standard output."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

from scheduler.ssh.wire import MAGIC, Frame, Frames, frame

CHUNK = 1 << 16


class Pipe:
    """Messages go out from any thread, whole. A line that has broken takes nothing more, and `receive` tells of it."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._frames, self._lock = Frames(), threading.Lock()
        self._write(MAGIC)

    def fileno(self) -> int:
        return self._incoming

    def send(self, message: dict[str, Any], data: bytes = b"") -> None:
        self._write(frame(message, data))

    def receive(self) -> tuple[list[Frame], bool]:
        """What has come, and whether there is more to come. Blocks where nothing has."""
        data = os.read(self._incoming, CHUNK)
        return self._frames.take(data), bool(data)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        with self._lock, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while rest:
                rest = rest[os.write(self._outgoing, rest) :]
