"""A living process for each claim: its record names the one that took it, a runner perhaps that has been killed while the job
goes on under its launcher. Whoever is in the way must be somebody that a person can find."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from scheduler.gpus.ownership import COOKIE, SUFFIX
from scheduler.gpus.placement import ClaimRecord
from scheduler.linux import processes
from scheduler.shortage import passing

AGAIN = 10.0  # seconds to the next search for a claim that none was found for: of other users we see none
SLACK = 2.0  # seconds; the kernel counts births in ticks, from a boot that it knows to the second


class Holders:
    """Remembers whom it has found, so that a runner that waits does not search all processes at every look."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._asked: frozenset[str] = frozenset()
        self._searched_at = float("-inf")

    def named(self, directory: Path, claims: Iterable[ClaimRecord]) -> tuple[ClaimRecord, ...]:
        """The claims, each with a living process that holds it: the job rather than its launcher. Where none can be seen, the
        record says so; where nobody can be looked for now, without a descriptor left, it stays as it is."""
        claims = tuple(claims)
        with passing():
            orphans = {claim.id for claim in claims if _is_orphaned(claim)}
            if orphans:
                self._look_for(orphans, os.path.realpath(directory))
            return tuple(self._with_holder(claim) if claim.id in orphans else claim for claim in claims)
        return claims

    def _with_holder(self, claim: ClaimRecord) -> ClaimRecord:
        pid = self._known.get(claim.id)
        return replace(claim, pid=pid) if pid else replace(claim, unseen=True)

    def _look_for(self, orphans: Collection[str], directory: str) -> None:
        held = {name: f"{directory}/{name}{SUFFIX}" for name in orphans}
        self._known = {name: pid for name, pid in self._known.items() if name in held and held[name] in _claims_of(pid)}
        missing = frozenset(orphans) - self._known.keys()
        if missing and (not missing <= self._asked or time.monotonic() - self._searched_at > AGAIN):
            self._known |= _search({held[name]: name for name in missing})
            self._asked, self._searched_at = missing - self._known.keys(), time.monotonic()


def _is_orphaned(claim: ClaimRecord) -> bool:
    """Whether the process that the record names is gone, or another has its id by now."""
    if claim.unreadable or claim.locked_by or not claim.pid:
        return False
    taker = processes.look_up(claim.pid)
    return taker is None or (bool(claim.since) and _born(taker) > claim.since + SLACK)


def _born(process: processes.Process) -> float:
    """Seconds of the epoch."""
    return _booted() + process.birth / os.sysconf("SC_CLK_TCK")


@lru_cache(maxsize=1)
def _booted() -> float:
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith("btime")), float("-inf"))


def _search(wanted: dict[str, str]) -> dict[str, int]:
    """By name, the process that holds the claim at each of these paths: the oldest of the job, which has the claim's name in its
    environment, else the launcher."""
    found: dict[str, list[processes.Process]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - hundreds at a time
        if entry.isdigit() and int(entry) != os.getpid() and (process := processes.look_up(int(entry))):
            for path in _claims_of(process.pid) & wanted.keys():
                found.setdefault(wanted[path], []).append(process)
    return {name: min(there, key=lambda each: (not _is_told(each.pid, name), each.birth)).pid for name, there in found.items()}


def _is_told(pid: int, name: str) -> bool:
    try:
        return f"{COOKIE}={name}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _claims_of(pid: int) -> set[str]:
    """The claims' files that the process has open; none of a process that is gone or may not be looked into."""
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # one of very many that a program opens and closes at its start
                target = os.readlink(entry.path).removesuffix(" (deleted)")  # noqa: PTH115
                found |= {target} if target.endswith(SUFFIX) else set()
    return found
