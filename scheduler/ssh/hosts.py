"""The hosts that a person names, and the name of an order that one of them has. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from scheduler.errors import UserError

ROOM = "ssh"
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")


def hosts_in(word: str) -> tuple[str, ...]:
    """The hosts of `ssh:host1,host2`, each once, in their order. UserError for what is no name of a host: ports, users and keys
    stand in ~/.ssh/config."""
    kind, colon, names = word.partition(":")
    found = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if kind != ROOM or not colon or not found:
        raise UserError(f'--on {word}: it is "slurm", or "ssh:" and hosts', next_step="for example --on ssh:ada,user@babbage")
    for name in found:
        if not _HOST.fullmatch(name):
            raise UserError(f'--on: "{name}" is no name of a host', next_step="its port and its key stand in ~/.ssh/config")
    return found


def named(names: Sequence[str], word: str = "and") -> str:
    """For people.

    >>> named(["ada"]), named(["ada", "babbage", "curie"], "or")
    ('ada', 'ada, babbage or curie')
    """
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


def new_order(job: str) -> str:
    """A name that nobody has had, which begins as the job's: so people on the host recognise it."""
    return job[:8] + secrets.token_hex(12)


def launcher_of(host: str, order: str) -> str:
    """What the store calls the launcher of this order."""
    return f"{ROOM}/{host}/{order}"


def place_of(launcher: str) -> tuple[str, str] | None:
    """The host and the order, where a launcher on a host is meant."""
    words = launcher.split("/")
    return (words[1], words[2]) if len(words) == 3 and words[0] == ROOM else None
