"""A launcher's journal: what it did, kept where a later runner finds it. Locked for as long as the launcher lives.

    H <attempt> <JSON>          on which machine, and with which Python: of one that another machine has; see `origin_rows`
    S <attempt>                 its command is about to start: from here on it counts as started
    X <attempt> <JSON>          its main process ended: exit_status, state, reason, duration; once more, and then for good, when
                                what it had left behind is gone
    N <attempt> <text>          what a person should know about it while it is not over: the last one counts
    P <attempt> <epoch>         it was paused then, by a person: every process of it is stopped
    C <attempt> <seconds>       it goes on, after a pause of so long
    D <attempt>                 it did not start after all, for lack of room on the disk or of processes
    E                           the launcher has nothing more to do

Lines are appended in single writes. Any other line (a traceback of the launcher, which has the journal as its
standard error) is passed over.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from scheduler.linux.blocks import reserve
from scheduler.values import dataclass

ROOM = 8192  # bytes: more than all that is written of one attempt
BY_CLUSTER = "ended by Slurm"  # the reason of an end that only the cluster can explain
_SIGNALS = frozenset([signal.SIGTERM, signal.SIGKILL])  # by which a cluster ends what runs
AHEAD = 4 * ROOM  # so much is held in reserve at once: every time took as long as making a file


@dataclass(frozen=True)
class Record:
    """What a journal says: the attempts that were started, and the ends of those that ended."""

    started: frozenset[str] = frozenset()
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    closed: bool = False
    paused: dict[str, float] = field(default_factory=dict)  # since when, of those that are
    rested: dict[str, float] = field(default_factory=dict)  # seconds of pauses that are over
    stood: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # from when to when these were
    places: dict[str, dict[str, Any]] = field(default_factory=dict)  # where attempts are that another machine has


class Journal:
    """The writing side, owned by one launcher."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._room = 0  # bytes that are still held in reserve

    def started(self, attempt: str) -> None:
        """OSError (ENOSPC) where there is no room for this line, or would be none for the attempt's end."""
        self._have_room()
        self._append(f"S {attempt}")

    def is_at(self, attempt: str, place: Mapping[str, Any]) -> None:
        """For people alone: where there is no room for it, it is not said."""
        with contextlib.suppress(OSError):
            self._append_if_it_can_be(f"H {attempt} {json.dumps(place)}")

    def dropped(self, attempt: str) -> None:
        self._append(f"D {attempt}")

    def ended(self, attempt: str, end: dict[str, Any]) -> None:
        self._append(f"X {attempt} {json.dumps(end)}")

    def noted(self, attempt: str, text: str) -> None:
        """`text` is a single line."""
        self._append(f"N {attempt} {text}")

    def paused(self, attempt: str, at: float) -> None:
        self._append_if_it_can_be(f"P {attempt} {at}")

    def continued(self, attempt: str, after: float) -> None:
        self._append_if_it_can_be(f"C {attempt} {after}")

    def closed(self) -> None:
        self._append("E")

    def _have_room(self) -> None:
        if self._room < ROOM:
            reserve(self._descriptor, AHEAD)
            self._room = AHEAD

    def _append_if_it_can_be(self, line: str) -> None:
        """With more room held first; where there is none, the line may still find some in what is left."""
        with contextlib.suppress(OSError):
            self._have_room()
        self._append(line)

    def _append(self, line: str) -> None:
        data = f"{line}\n".encode()
        self._room -= len(data)
        written = os.write(self._descriptor, data)
        if written < len(data):
            # Half a line would say nothing, and spoil the next one.
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def add_pause(path: Path, attempt: str, *, go_on: bool) -> None:
    """For a launcher that is gone: what its journal would say of a pause that begins, or is over, now."""
    since = (found.paused.get(attempt) if (found := read(path)) else None) or time.time()
    line = f"C {attempt} {time.time() - since:.3f}\n" if go_on else f"P {attempt} {time.time():.3f}\n"
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


def create(path: Path) -> int:
    """A new, empty, locked journal; the lock lives as long as a copy of the returned descriptor.

    Locked before it has its name: an unlocked journal belongs to a launcher that is gone, for ever.
    """
    unnamed = path.with_suffix(".new")
    descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        unnamed.rename(path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_the_clusters(end: Mapping[str, Any]) -> bool:
    """Whether an end that a launcher on a cluster has noted may be the cluster's doing, which alone can say so: the launcher was
    told to end, or saw a command end by a signal that it had not sent. The cluster's signals go to all processes of a job, and
    the launcher may be gone before it sees its own."""
    status = end["exit_status"] or 0
    by_signal = -status if status < 0 else status - 128  # a shell's way to say it
    return end["reason"] == BY_CLUSTER or (end["state"] == "failed" and by_signal in _SIGNALS)


def read(path: Path) -> Record | None:
    """What the journal at `path` says so far; None where there is no such file, which proves nothing."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    started, ended, notes, closed = set(), {}, {}, False
    places: dict[str, dict[str, Any]] = {}
    paused: dict[str, float] = {}
    rested: dict[str, float] = {}
    stood: dict[str, list[tuple[float, float]]] = {}
    for line in text.splitlines(keepends=True):
        mark, _, rest = line.rstrip("\n").partition(" ")
        if not line.endswith("\n"):
            continue
        if mark == "S":
            started.add(rest)
        elif mark == "D":
            started.discard(rest)
        elif mark == "X":
            attempt, _, end = rest.partition(" ")
            ended[attempt] = json.loads(end)
        elif mark == "H":
            attempt, _, place = rest.partition(" ")
            places[attempt] = json.loads(place)
        elif mark == "N":
            attempt, _, text = rest.partition(" ")
            notes[attempt] = text
        elif mark == "P":
            attempt, _, number = rest.partition(" ")
            paused[attempt] = float(number)
        elif mark == "C":
            attempt, _, number = rest.partition(" ")
            if (since := paused.pop(attempt, None)) is not None:
                stood.setdefault(attempt, []).append((since, since + float(number)))
            rested[attempt] = rested.get(attempt, 0.0) + float(number)
        closed = closed or line == "E\n"
    return Record(frozenset(started), ended, notes, closed, paused, rested, stood, places)
