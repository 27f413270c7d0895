"""What can be seen of attempts that the queue calls open. No heartbeat: the journal and the locks say everything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.places import journal_path
from scheduler.linux.holders import stand_still
from scheduler.linux.locks import is_locked
from scheduler.linux.processes import boot_id
from scheduler.queue.job import NO_PAUSE, Attempt, Pause
from scheduler.shortage import passing
from scheduler.values import dataclass

ASKED_WITHIN = 600.0  # seconds in which whoever runs jobs on a cluster asks it what it has ended; some do so every 2 s


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


def look(home: Home, attempt: Attempt) -> Evidence:
    """Gather the evidence."""
    return look_at(home, [attempt])[0]


def look_at(home: Home, attempts: Sequence[Attempt]) -> list[Evidence]:
    """The evidence of each. The locks are asked before a journal is read, so that an end in between is not missed; the journal of
    a launcher is read once, however many of them it has."""
    boot, read = boot_id(), cache(journal.read)
    paths = [journal_of(home, each) for each in attempts]
    lives = [each.boot == boot and is_locked(path) for each, path in zip(attempts, paths, strict=True)]
    trees = [each.boot == boot and is_locked(Path(each.directory)) for each in attempts]
    return [
        _elsewhere(read(path), each.name, path) if is_elsewhere(each) else Evidence(read(path), launcher, tree, each.boot == boot)
        for each, path, launcher, tree in zip(attempts, paths, lives, trees, strict=True)
    ]


def is_elsewhere(attempt: Attempt) -> bool:
    """Whether its launcher is a process of another machine."""
    return attempt.is_elsewhere


def is_on_host(attempt: Attempt) -> bool:
    """Whether that is a machine which is reached over ssh."""
    return attempt.launcher.startswith("ssh/")


def journal_of(home: Home, attempt: Attempt) -> Path:
    """The journal of its launcher."""
    return journal_path(Home(Path(attempt.directory).parents[2]) if is_elsewhere(attempt) else home, attempt.launcher)


def _elsewhere(record: journal.Record | None, name: str, path: Path) -> Evidence:
    """No lock tells of it: it is there until its journal is closed and says why, or the cluster has been asked. Where nobody has
    asked for long, what the journal says is all that will be known."""
    there = True
    if record is not None and record.closed:
        end = record.ended.get(name)
        there = end is not None and journal.is_the_clusters(end) and not _is_old(path)
    return Evidence(record, launcher_lives=there, tree_lives=there, same_boot=True)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > ASKED_WITHIN
    except FileNotFoundError:
        return False


def pause_of(home: Home, attempt: Attempt) -> Pause:
    """Whether an attempt that is not over is paused: its launcher's journal says so, and of one whose launcher is gone its
    processes, which then all stand still."""
    return pauses(home, [attempt])[0]


def pauses(home: Home, attempts: Sequence[Attempt]) -> list[Pause]:
    """The same of each; none where that cannot be seen now."""
    with passing():
        return [_pause(each, its) for each, its in zip(attempts, look_at(home, attempts), strict=True)]
    return [NO_PAUSE] * len(attempts)


def paused(home: Home, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those of them that are paused; none where that cannot be seen now."""
    return [each for each, its in zip(attempts, pauses(home, attempts), strict=True) if its.since is not None]


def _pause(attempt: Attempt, seen: Evidence) -> Pause:
    if seen.record is None or not seen.tree_lives:
        return NO_PAUSE
    since, rested = seen.record.paused.get(attempt.name), seen.record.rested.get(attempt.name, 0.0)
    if seen.launcher_gone:
        since = (since or attempt.started) if stand_still(attempt.directory) else None
    spans, now = tuple(seen.record.stood.get(attempt.name, ())), time.time()
    if since is None:
        return Pause(None, rested, spans)
    return Pause(since, rested + max(0.0, now - since), (*spans, (since, max(since, now))))
