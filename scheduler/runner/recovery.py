"""Finding out what became of attempts whose runner is gone. No heartbeat: the journal and the locks say everything."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import journal_path
from scheduler.linux.locks import is_locked
from scheduler.queue.changes import boot_id
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.states import State
from scheduler.runner import forsaken
from scheduler.shortage import passing


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
class NeverRan:
    """The command certainly did not start."""


@dataclass(frozen=True)
class StillThere:
    """Its launcher or its processes live: wait for them."""


Verdict = Ending | NeverRan | StillThere


def verdict(name: str, seen: Evidence) -> Verdict:
    """What became of attempt `name`. Whatever is not certain is `lost`: a command is never started twice by a guess."""
    end = seen.record.ended.get(name) if seen.record else None
    if seen.tree_lives or (seen.launcher_lives and not end):
        return StillThere()
    if end:
        return ending_of(end)
    if seen.record and name not in seen.record.started and seen.same_boot:
        return NeverRan()
    return Ending(State.LOST, None, "its launcher ended before it could record how the job ended")


def ending_of(end: dict) -> Ending:
    """The final record of an attempt from what its launcher wrote down."""
    return Ending(State(end["state"]), end["exit_status"], end["reason"])


def note_of(home: Home, attempt: Attempt) -> str:
    """The last that a launcher has noted about an attempt that is not over; empty if there is nothing."""
    with passing():
        seen = look(home, attempt)
        return seen.record.notes.get(attempt.name, "") if seen.record and not seen.launcher_gone else ""
    return ""


def standing_of(home: Home, attempt: Attempt) -> str:
    """The same, and of an attempt whose launcher is gone what can be seen of it now."""
    with passing():
        if look(home, attempt).launcher_gone:
            return forsaken.note(attempt)
    return note_of(home, attempt)


@dataclass(frozen=True)
class Pause:
    """`since` when an attempt is paused (seconds since 1970), None: it is not; `rested`: the seconds of its pauses so far."""

    since: float | None = None
    rested: float = 0.0


NO_PAUSE = Pause()


def pause_of(home: Home, attempt: Attempt) -> Pause:
    """Whether an attempt that is not over is paused: its launcher's journal says so, and of one whose launcher is gone its
    processes, which then all stand still."""
    with passing():
        seen = look(home, attempt)
        if seen.record is None or not seen.tree_lives:
            return NO_PAUSE
        since, rested = seen.record.paused.get(attempt.name), seen.record.rested.get(attempt.name, 0.0)
        if seen.launcher_gone:
            since = (since or attempt.started) if forsaken.stands_still(attempt) else None
        return Pause(since, rested + (max(0.0, time.time() - since) if since else 0.0))
    return NO_PAUSE


def look(home: Home, attempt: Attempt) -> Evidence:
    """Gather the evidence. The locks are asked before the journal is read, so that an end in between is not missed."""
    path = journal_path(home, attempt.launcher)
    same_boot = attempt.boot == boot_id()
    lives = same_boot and is_locked(path)
    tree = same_boot and is_locked(Path(attempt.directory))
    return Evidence(journal.read(path), lives, tree, same_boot)


def duration(seen: Evidence, attempt: Attempt) -> float | None:
    """Seconds that the attempt took, where its launcher could note it."""
    end = seen.record.ended.get(attempt.name) if seen.record else None
    return end["duration"] if end else None
