"""What can be seen of attempts that the queue calls open. No heartbeat: the journal and the locks say everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import journal_path
from scheduler.linux.holders import stand_still
from scheduler.linux.locks import is_locked
from scheduler.queue.changes import boot_id
from scheduler.queue.job import Attempt
from scheduler.shortage import passing

Read = Callable[[Path], "journal.Record | None"]


@dataclass(frozen=True)
class Evidence:
    """What can be seen of an attempt that the store calls open."""

    record: journal.Record | None
    launcher_lives: bool
    tree_lives: bool
    same_boot: bool

    @property
    def launcher_gone(self) -> bool:
        """Whether something of the attempt lives, and nobody will say how it ends."""
        return self.tree_lives and not self.launcher_lives


@dataclass(frozen=True)
class Pause:
    """`since` when an attempt is paused (seconds since 1970), None: it is not; `rested`: the seconds of its pauses so far."""

    since: float | None = None
    rested: float = 0.0


NO_PAUSE = Pause()


def look(home: Home, attempt: Attempt, read: Read = journal.read) -> Evidence:
    """Gather the evidence. The locks are asked before the journal is read, so that an end in between is not missed."""
    path = journal_path(home, attempt.launcher)
    same_boot = attempt.boot == boot_id()
    lives = same_boot and is_locked(path)
    tree = same_boot and is_locked(Path(attempt.directory))
    return Evidence(read(path), lives, tree, same_boot)


def pause_of(home: Home, attempt: Attempt, read: Read = journal.read) -> Pause:
    """Whether an attempt that is not over is paused: its launcher's journal says so, and of one whose launcher is gone its
    processes, which then all stand still."""
    with passing():
        seen = look(home, attempt, read)
        if seen.record is None or not seen.tree_lives:
            return NO_PAUSE
        since, rested = seen.record.paused.get(attempt.name), seen.record.rested.get(attempt.name, 0.0)
        if seen.launcher_gone:
            since = (since or attempt.started) if stand_still(attempt.directory) else None
        return Pause(since, rested + (max(0.0, time.time() - since) if since else 0.0))
    return NO_PAUSE


def paused(home: Home, attempts: Iterable[Attempt]) -> list[Attempt]:
    """Those of them that are paused. The journal of a launcher is read once, however many it has."""
    read = cache(journal.read)
    return [each for each in attempts if pause_of(home, each, read).since is not None]
