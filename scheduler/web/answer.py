"""What is sent back for a request, before it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field

from scheduler.values import dataclass

JSON, EVENTS = "application/json", "text/event-stream"


@dataclass(frozen=True)
class Answer:
    """`news`: after this place news is sent, as it comes, in place of a body."""

    status: int
    body: bytes = b""
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    news: str | None = None


def told(value: object, status: int = 200) -> Answer:
    """A value as JSON."""
    return Answer(status, json.dumps(value, allow_nan=False, separators=(",", ":")).encode())


def wrong(status: int, what: str) -> Answer:
    """An error, as a sentence."""
    return told({"error": what}, status)


def tagged(body: bytes) -> Answer:
    """JSON, with what tells it from another: who has it already need not get it again."""
    return Answer(200, body, headers={"ETag": _tag(body)})


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def fixed(text: str, kind: str, headers: Mapping[str, str] | None = None) -> Answer:
    """What is the same until exp-queue is another: a browser need not load it twice."""
    body = text.encode()
    return Answer(200, body, f"{kind}; charset=utf-8", {"ETag": _tag(body), "Cache-Control": "no-cache", **(headers or {})})
