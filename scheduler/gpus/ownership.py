"""Whose process is this: which claim a process, or the nearest of its ancestors, carries (proc(5))."""

from __future__ import annotations

import functools
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COOKIE = "EXP_QUEUE_CLAIM"
SUFFIX = ".claim"


@dataclass(frozen=True)
class Owner:
    """The name, user and claim of a process; `claim` as in `reading.Process`."""

    name: str
    uid: int | None
    claim: str | None
    user: str = ""


def owner(pid: int, proc: Path = Path("/proc")) -> Owner:
    """Who owns process `pid`. A process that is not (any more) visible has no name, no uid and no known claim."""
    status = _status(proc / str(pid))
    if not status:
        return Owner("", None, None)
    uid = int(status["Uid"].split()[0])
    return Owner(status.get("Name", ""), uid, claim_of(pid, proc), user_name(uid))


@functools.lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    """The user's name, or `uid 1234` where this machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def claim_of(pid: int, proc: Path = Path("/proc")) -> str | None:
    """The claim of the process: from an open claim file or the cookie in its environment, its own or its nearest
    ancestor's.

    "" if the process can be read and neither it nor an ancestor carries one; None if it may not be read.
    """
    readable = True
    for place in _chain(pid, proc):
        try:
            found = _held_claim(place) or _cookie(place)
        except OSError:
            readable = readable and place.name != str(pid)
            continue
        if found:
            return found
    return "" if readable else None


def _chain(pid: int, proc: Path) -> Iterator[Path]:
    """The process and its ancestors, nearest first, without init."""
    seen = set()
    while pid > 1 and pid not in seen:
        seen.add(pid)
        yield proc / str(pid)
        pid = int(_status(proc / str(pid)).get("PPid", "0"))


def _status(place: Path) -> dict[str, str]:
    try:
        lines = (place / "status").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _held_claim(place: Path) -> str:
    """The id of a claim file that the process has open, "" if none. The open file survives a cleared environment."""
    for entry in os.scandir(place / "fd"):
        try:
            target = os.readlink(entry.path).removesuffix(" (deleted)")  # noqa: PTH115 - one call for each of many descriptors
        except FileNotFoundError:
            continue
        if target.endswith(SUFFIX):
            return target.rpartition("/")[2].removesuffix(SUFFIX)
    return ""


def _cookie(place: Path) -> str:
    prefix = f"{COOKIE}=".encode()
    for entry in (place / "environ").read_bytes().split(b"\0"):
        if entry.startswith(prefix):
            return entry[len(prefix) :].decode(errors="replace")
    return ""
