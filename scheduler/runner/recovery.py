"""Finding out what became of attempts whose runner is gone, from what can be seen of them."""

from __future__ import annotations

from scheduler.home import Home
from scheduler.queue.evidence import Evidence, is_elsewhere, look
from scheduler.queue.job import Attempt, Ending, where
from scheduler.queue.states import State
from scheduler.runner import forsaken
from scheduler.shortage import passing
from scheduler.values import dataclass


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
    return Ending(State(end["state"]), end["exit_status"], end["reason"], end.get("taken", False))


def note_of(home: Home, attempt: Attempt) -> str:
    """The last that a launcher has noted about an attempt that is not over; empty if there is nothing."""
    with passing():
        seen = look(home, attempt)
        return seen.record.notes.get(attempt.name, "") if seen.record and not seen.launcher_gone else ""
    return ""


def standing_of(home: Home, attempt: Attempt) -> str:
    """The same, and of an attempt whose launcher is gone what can be seen of it now."""
    with passing():
        seen = look(home, attempt)
        if is_elsewhere(attempt) and seen.record is None:
            return _not_heard_of(attempt.launcher)
        if seen.launcher_gone:
            return forsaken.note(attempt)
    return note_of(home, attempt)


def _not_heard_of(launcher: str) -> str:
    """Of an attempt elsewhere of which nothing has been heard."""
    return f"{where(launcher)} has it" if launcher.startswith("ssh/") else "Slurm has not started it yet"


def duration(seen: Evidence, attempt: Attempt) -> float | None:
    """Seconds that the attempt took, where its launcher could note it."""
    end = seen.record.ended.get(attempt.name) if seen.record else None
    return end["duration"] if end else None
