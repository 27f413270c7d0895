"""What goes over a line between a queue and a host: messages, each a line of JSON, some with bytes behind them. Pure.

From the queue (`do`): `hello` (protocol, queue, directory, commit, changes), `ping`, and about an `order`: `start` (guest, kind,
uses, home, have), `watch` (have), `withdraw`, `stop` (state, grace), `forget`. To it (`is`): `hello` (cores, note, differs, and
what `room` says), `refused` (text), `room` (slots, taken, driver, gpus, memory, closed; not_now: why not, by kinds; never: by
the resources of a guest), and about an order: `running` (origin, age), `note` (text, of_host), `file` (path, at; whole, last),
`size`, `dropped` (why), `ended` (end, with its origin and uses). `kind`: as `kinds.kind_of` has it, a word for the host;
`origin`: kernel, driver and python of where it runs, and the numbers of its gpus; `age`: seconds since it began; `uses`: what
attempts had and used of GPUs.

A line that brings the code says other words: `sync` (protocol, root, directory, commit, changes; behind it what is in each
file) and, when the files are there, `sent`. It hears `wants` (into, rsync; behind it the names), `done` (written, deleted) or
`refused`.
"""

from __future__ import annotations

import json
from typing import Any

PROTOCOL = 5
MAGIC = b"exp-queue: from here on frames\n"  # what a login shell prints before is none of ours
Frame = tuple[dict[str, Any], bytes]


def frame(message: dict[str, Any], data: bytes = b"") -> bytes:
    """A message as it is sent, with the bytes that belong to it."""
    return json.dumps({**message, "bytes": len(data)} if data else message).encode() + b"\n" + data


class Frames:
    """Takes what has come, in pieces of any size, and gives whole messages."""

    def __init__(self, *, magic: bool = False) -> None:
        """`magic`: whether everything before MAGIC is to be passed over; it is `prose` then."""
        self._rest, self._awaits_magic, self.prose = bytearray(), magic, b""

    def take(self, data: bytes) -> list[Frame]:
        """The messages that are whole now. ValueError where it is none."""
        self._rest += data
        if self._awaits_magic and not self._has_begun():
            return []
        found = []
        while (one := self._one()) is not None:
            found.append(one)
        return found

    def _has_begun(self) -> bool:
        before, magic, after = bytes(self._rest).partition(MAGIC)
        self.prose = before[-4096:]
        self._rest, self._awaits_magic = (bytearray(after), False) if magic else (self._rest[-65536:], True)
        return bool(magic)

    def _one(self) -> Frame | None:
        end = self._rest.find(b"\n")
        if end < 0:
            return None
        message = json.loads(bytes(self._rest[:end]))
        length = message.get("bytes", 0)
        if len(self._rest) < end + 1 + length:
            return None
        data = bytes(self._rest[end + 1 : end + 1 + length])
        del self._rest[: end + 1 + length]
        return message, data
