"""What a person is to be told who does not look: plain values."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from scheduler.values import dataclass

END, FAILURE, STILL, TEST = "end", "failure", "still", "test"
KINDS = (END, FAILURE, STILL)  # that a person may choose


@dataclass(frozen=True)
class Event:
    """`kind`: the end of a run, its first failure, or a queue that stands still. `title`: one line; `text`: a few. `facts`: the
    same for programs, JSON values."""

    kind: str
    title: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_object(self) -> dict[str, Any]:
        """What a command gets on its standard input and a webhook as its body."""
        return {"event": self.kind, "title": self.title, "text": self.text, "host": socket.gethostname(), **self.facts}
