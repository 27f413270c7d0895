"""The connections of the live page: so many at most, and none that can keep the others out.

Who holds a connection and asks for nothing is the first to go when there is no room; what is being answered is never broken off
for others. A request has to be there within a time, however slowly its bytes come.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress

MOST = 256  # connections, and so threads
PATIENCE = 15.0  # seconds in which a request is there, with its body
LONGEST = 192 << 10  # bytes of a request


class Connections:
    """Those that there are. `room` makes some."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._idle: dict[socket.socket, None] = {}  # in the order in which they began to wait
        self._all: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, connection: socket.socket) -> bool:
        """Take it in; False where there is no room, since all others are being answered."""
        with self._lock:
            if len(self._all) >= self._most and not self._make_room():
                return False
            self._all.add(connection)
            self._idle[connection] = None
            return True

    def busy(self, connection: socket.socket) -> None:
        """Its request is there."""
        with self._lock:
            self._idle.pop(connection, None)

    def idle(self, connection: socket.socket) -> None:
        """It is answered."""
        with self._lock:
            if connection in self._all:
                self._idle[connection] = None

    def leave(self, connection: socket.socket) -> None:
        with self._lock:
            self._idle.pop(connection, None)
            self._all.discard(connection)

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            for connection in self._all:
                _end(connection)

    def make_room(self) -> bool:
        """End the one that has asked for nothing for the longest; False where there is none."""
        with self._lock:
            return self._make_room()

    def _make_room(self) -> bool:
        oldest = next(iter(self._idle), None)
        if oldest is None:
            return False
        del self._idle[oldest]
        self._all.discard(oldest)
        _end(oldest)  # its thread reads the end of it, and closes it
        return True


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class Incoming(io.RawIOBase):
    """What is read of a connection: each request within PATIENCE and LONGEST, else TimeoutError, or the end."""

    def __init__(self, connection: socket.socket, patience: float = PATIENCE) -> None:
        self._connection, self._patience = connection, patience
        self.expect()

    def expect(self) -> None:
        """The next request begins."""
        self._until, self._left = time.monotonic() + self._patience, LONGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        rest = self._until - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        if self._left <= 0:
            return 0
        self._connection.settimeout(rest)
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count
