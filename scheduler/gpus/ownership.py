"""Whose process is this: which claim, and which job's attempt, a process or the nearest of its ancestors carries (proc(5))."""

from __future__ import annotations

import functools
import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path

from scheduler.values import dataclass

COOKIE = "EXP_QUEUE_CLAIM"
SUFFIX = ".claim"
JOB, ATTEMPT = "EXP_QUEUE_JOB", "EXP_QUEUE_ATTEMPT"
# Every process of an attempt inherits the lock of the attempt's directory.
DIRECTORY = re.compile(r"/attempts/([0-9a-f]{32}/[0-9]+)$")
NAME = re.compile(r"[0-9a-f]{32}/[0-9]+")


@dataclass(frozen=True)
class Owner:
    """The name, user, claim and job of a process; `claim` and `attempt` as in `reading.Process`."""

    name: str
    uid: int | None
    claim: str | None
    user: str = ""
    attempt: str = ""


@dataclass(frozen=True)
class Marks:
    """What a process carries: the id of a claim and the name of an attempt, "" for none."""

    claim: str = ""
    attempt: str = ""


def owner(pid: int, proc: Path = Path("/proc")) -> Owner:
    """Who owns process `pid`. A process that is not (any more) visible has no name, no uid and no known claim."""
    status = _status(proc / str(pid))
    if not status:
        return Owner("", None, None)
    uid = int(status["Uid"].split()[0])
    marks = marks_of(pid, proc)
    claim, attempt = (None, "") if marks is None else (marks.claim, marks.attempt)
    return Owner(status.get("Name", ""), uid, claim, user_name(uid), attempt)


@functools.lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    """The user's name, or `uid 1234` where this machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def marks_of(pid: int, proc: Path = Path("/proc")) -> Marks | None:
    """What the process or its nearest ancestors carry; None if it may not be read and no ancestor carries a claim. Nobody
    above the holder of a claim is asked for an attempt: the claim may be that of a command inside a job."""
    readable, attempt = True, ""
    for place in _chain(pid, proc):
        try:
            found = _carried(place)
        except OSError:
            readable = readable and place.name != str(pid)
            continue
        attempt = attempt or found.attempt
        if found.claim:
            return Marks(found.claim, attempt)
    return Marks("", attempt) if readable else None


def _carried(place: Path) -> Marks:
    """What this process itself carries. Open files survive a cleared environment, so they count first."""
    held, told = _held(place), _told(place)
    return Marks(held.claim or told.claim, held.attempt or told.attempt)


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


def _held(place: Path) -> Marks:
    """The claim file and the attempt's directory that the process has open."""
    claim = attempt = ""
    for entry in os.scandir(place / "fd"):
        try:
            target = os.readlink(entry.path).removesuffix(" (deleted)")  # noqa: PTH115 - one call for each of many descriptors
        except FileNotFoundError:
            continue
        if target.endswith(SUFFIX):
            claim = claim or target.rpartition("/")[2].removesuffix(SUFFIX)
        elif found := DIRECTORY.search(target):
            attempt = attempt or found[1]
    return Marks(claim, attempt)


def _told(place: Path) -> Marks:
    """What the environment of the process says."""
    entries = dict.fromkeys((COOKIE, JOB, ATTEMPT), "")
    for entry in (place / "environ").read_bytes().split(b"\0"):
        name, _, value = entry.decode(errors="replace").partition("=")
        if name in entries:
            entries[name] = entries[name] or value
    attempt = f"{entries[JOB]}/{entries[ATTEMPT]}"
    return Marks(entries[COOKIE], attempt if NAME.fullmatch(attempt) else "")


def described(pid: int) -> str:
    """`process 4711 (python, anna)`; whether it is stopped is said too."""
    whose = owner(pid)
    known = ", ".join(part for part in (whose.name, whose.user, _stopped(pid)) if part)
    return f"process {pid} ({known or 'not visible from here'})"


def _stopped(pid: int) -> str:
    """`stopped` for a process that a Ctrl-Z or a debugger keeps from running; "" for any other."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
    return "stopped" if state in ("T", "t") else ""
