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

    A message that carries descriptors says how many (`"descriptors": n`); they are handed over in the order sent, and
    every byte of a message follows its descriptors, so a message that has arrived has them all. A message whose descriptors
    found no room in the receiver's table has none, and `"lost": True` instead.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._bytes = bytearray()
        self._unsent = bytearray()
        self._groups: deque[list[int] | None] = deque()  # the descriptors of each message that has some; None: they are lost

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

        Blocks for the first byte: call it when the socket is readable.
        """
        try:
            data, descriptors, flags, _ = socket.recv_fds(self.socket, _CHUNK, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:  # comes before the end-of-file when the peer died with unread messages
            return [], False
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # Python's recv_fds passes no flags on (3.11), so MSG_CMSG_CLOEXEC is lost
        self._note_group(descriptors, lost=bool(flags & socket.MSG_CTRUNC))
        self._bytes += data
        return self._whole_messages(), bool(data)

    def _note_group(self, descriptors: list[int], *, lost: bool) -> None:
        """One message's descriptors at most arrive with each call: the kernel does not join those of two."""
        if lost:
            for descriptor in descriptors:
                os.close(descriptor)
        if lost or descriptors:
            self._groups.append(None if lost else descriptors)

    def _whole_messages(self) -> list[tuple[dict[str, Any], list[int]]]:
        *lines, rest = bytes(self._bytes).split(b"\n")
        self._bytes = bytearray(rest)
        return [self._with_descriptors(json.loads(line)) for line in lines]

    def _with_descriptors(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        if not message.pop("descriptors", 0):
            return message, []
        own = self._groups.popleft()
        return (message, own) if own is not None else ({**message, "lost": True}, [])

    def close(self) -> None:
        self.socket.close()
