"""How a job finds the W&B server of this machine, and how that server knows which attempt logs.

The key that an attempt is given is one of its own: it names the attempt, and only who knows the server's key can have made it. So
a script may call its runs and projects as it likes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from scheduler.linux.locks import is_locked
from scheduler.tracking.trackers.names import LOCAL, VARIABLE, asked_by
from scheduler.tracking.wandb_offline import FLUSH, OTHERS
from scheduler.values import dataclass

_NAMED, _LENGTH = 16, 40  # characters: of an attempt's name, and of a key as the client has it


@dataclass(frozen=True)
class Address:
    """Where a server is, its key, and its process."""

    url: str
    key: str
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """What W&B's client needs to find it."""
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": self.key}


def server_file(root: Path) -> Path:
    """Of the state directory `root`; locked as long as a server is there."""
    return root / "wandb" / "server.json"


def kept(path: Path) -> Address | None:
    """The server that is there now, or was there last; None: none was."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(path.read_bytes())
        return Address(str(found["url"]), str(found["key"]), int(found["pid"]))
    return None


def running(root: Path) -> Address | None:
    """The server that is there now."""
    path = server_file(root)
    return kept(path) if is_locked(path) else None


def key_of(key: str, run_id: str) -> str:
    """The key of an attempt, by that of the server.

    >>> key_of("secret", "0123456789abcdef")
    '0123456789abcdefab80373160d96899b3a20929'
    """
    import hmac  # only where there is such a server

    return run_id + hmac.new(key.encode(), run_id.encode(), "sha256").hexdigest()[: _LENGTH - _NAMED]


def attempt_of(key: str, given: str) -> str | None:
    """Whose key is `given`: the run id of an attempt; "": the server's own; None: nobody's."""
    import hmac

    if hmac.compare_digest(given.encode(), key.encode()):
        return ""
    run_id = given[:_NAMED]
    return run_id if hmac.compare_digest(given.encode(), key_of(key, run_id).encode()) else None


def is_asked(users: Mapping[str, str | None]) -> bool:
    """Whether that environment asks for the server of this machine, and does not want W&B offline or not at all."""
    asked = LOCAL in asked_by({VARIABLE: users.get(VARIABLE) or ""})
    return asked and users.get("WANDB_MODE") in (None, "", "online")


def online(users: Mapping[str, str | None], root: Path, directory: str, run_id: str) -> dict[str, str | None]:
    """What an attempt gets that is to log at the server of this machine; nothing where its user's environment, `users`, does not
    ask for that or wants W&B offline or not at all, and nothing where no server is there: then it logs offline.

    Its run is written into its `directory` as well, where its rows are read: they need no server that is there all the time.
    """
    if not is_asked(users) or (server := running(root)) is None:
        return {}
    found: dict[str, str | None] = dict.fromkeys(OTHERS)
    found |= {"WANDB_MODE": "online", "WANDB_DIR": directory, "WANDB_BASE_URL": server.url}
    found["WANDB_API_KEY"] = key_of(server.key, run_id)
    flush = "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL"
    return found if users.get(flush) else {**found, flush: FLUSH}
