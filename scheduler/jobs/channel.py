"""Messages between a runner and its launchers: JSON lines over a Unix socket; descriptors travel beside them."""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from collections.abc import Sequence
from typing import Any

_CHUNK = 1 << 16
_MOST_DESCRIPTORS = 8


class Channel:
    """One end of a connected stream socket.

    A message that carries descriptors says how many (`"descriptors": n`); they arrive together, before the last byte of
    their message. Where this process has no room for all of them, the kernel drops the rest: then none is handed over.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._bytes = bytearray()
        self._unsent = bytearray()
        self._descriptors: deque[list[int]] = deque()  # those of one message each, in the order sent

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, message: dict[str, Any], descriptors: Sequence[int] = (), *, more: bool = False) -> bool:
        """Send one message, in its turn; False when the other end is gone.

        `more`: others follow at once, and this one may wait for them: `flush` sends it at the latest. Several messages in one
        go wake the other end once.
        """
        if descriptors:
            self.flush()
        self._unsent += json.dumps({**message, "descriptors": len(descriptors)} if descriptors else message).encode() + b"\n"
        return (more and not descriptors) or self.flush(descriptors)

    def flush(self, descriptors: Sequence[int] = ()) -> bool:
        """Send what has gathered, these descriptors with it; False when the other end is gone."""
        data, self._unsent = bytes(self._unsent), bytearray()
        if not data:
            return True
        try:
            sent = socket.send_fds(self.socket, [data], descriptors) if descriptors else 0
            self.socket.sendall(memoryview(data)[sent:])
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def receive(self) -> tuple[list[tuple[dict[str, Any], list[int]]], bool]:
        """Messages that have arrived, each with its descriptors, and whether the other end is still there.

        A message whose descriptors were lost, since the table of this process is full, says `"descriptors_lost": true`.
        Blocks for the first byte: call it when the socket is readable.
        """
        try:
            data, descriptors, flags, _ = socket.recv_fds(self.socket, _CHUNK, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:  # comes before the end-of-file when the peer died with unread messages
            return [], False
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # Python's recv_fds passes no flags on (3.11), so MSG_CMSG_CLOEXEC is lost
        if descriptors or flags & socket.MSG_CTRUNC:
            self._descriptors.append(descriptors)
        self._bytes += data
        return self._whole_messages(), bool(data)

    def _whole_messages(self) -> list[tuple[dict[str, Any], list[int]]]:
        *lines, rest = bytes(self._bytes).split(b"\n")
        self._bytes = bytearray(rest)
        return [self._with_descriptors(json.loads(line)) for line in lines]

    def _with_descriptors(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        count = message.pop("descriptors", 0)
        own = self._descriptors.popleft() if count and self._descriptors else []
        if len(own) == count:
            return message, own
        for descriptor in own:  # a part of them is of no use
            os.close(descriptor)
        return {**message, "descriptors_lost": True}, []

    def close(self) -> None:
        self.socket.close()
