"""The key of the live page, and the port that it had last: in a file of the state directory that its user alone can read.

The key stays the same, so that a page that is open goes on when the server was started anew. `rm` of the file makes another.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress

from scheduler.home import Home
from scheduler.values import dataclass

FILE = "ui.json"
PORT = 8642  # the first that is tried, where there was none


@dataclass(frozen=True)
class Kept:
    key: str
    port: int = PORT


def kept(home: Home) -> Kept:
    """What is kept there; a new key where there is none, or none that can be read."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        found = json.loads((home.root / FILE).read_bytes())
        if isinstance(found["key"], str) and len(found["key"]) >= 32 and 0 < int(found["port"]) < 1 << 16:
            return Kept(found["key"], int(found["port"]))
    return Kept(secrets.token_urlsafe(32))


def keep(home: Home, what: Kept) -> None:
    """Write it down, whole or not at all. Without room on the disk it is not kept."""
    draft = home.root / f"{FILE}.{os.getpid()}"
    with suppress(OSError):
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump({"key": what.key, "port": what.port}, file)
            draft.replace(home.root / FILE)
        finally:
            draft.unlink(missing_ok=True)
