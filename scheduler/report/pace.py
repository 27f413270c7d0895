"""What was found out of how many jobs are best at once (`-j auto`), in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler.pacing.kept import Found


def at_once(slots: int | None, why: str) -> str:
    """How many jobs run, before anything does (None: that is found out), and why so many, where that is to be said."""
    most = "as many at once as are fastest together" if slots is None else f"at most {slots} at once"
    return f"{most}, {why}" if why else most


def standing(program: str, found: Found) -> str:
    """What a living runner allows, as it is seen from outside."""
    return said(program, found.now, _how(found), found.gains)


def _how(found: Found) -> str:
    if found.beside:
        return "while several programs run"
    return "settled" if found.settled else "a try" if found.now != found.slots else "measured"


def as_object(program: str, found: Found) -> dict[str, Any]:
    """The same for programs."""
    gains = {str(level): gain for level, gain in found.gains.items()}
    return {"program": program, "jobs": found.now, "settled": found.settled, "gains": gains}


def said(program: str, slots: int, how: str, gains: Mapping[int, float]) -> str:
    """`gains`: how fast all together were at each number that was tried, over the number that was the best before."""
    tried = f" ({', '.join(f'{level} at once: x {gain:.2f}' for level, gain in gains.items())})" if gains else ""
    return f"-j auto: {times(slots)} of `{_name(program)}`, {how}{tried}"


def _name(program: str) -> str:
    """What people call it: its file without the folders."""
    return program.rpartition("/")[2] or program


def times(slots: int) -> str:
    return f"{slots} jobs at once" if slots > 1 else "1 job at a time"
