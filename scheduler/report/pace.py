"""What was found out of how many jobs are best at once (`-j auto`), in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.pacing.kept import Found
from scheduler.runner.notices import Paced, PacedBy

_WHY = {
    PacedBy.BEGIN: "to begin with",
    PacedBy.BEFORE: "as found before",
    PacedBy.TRIED: "a try",
    PacedBy.LOOK: "measured before the next try",
    PacedBy.GAINS: "settled",
    PacedBy.MEMORY: "settled, for the machine has no memory for more",
    PacedBy.SILENT: "as yet; they log nothing that is read, so only how long jobs take tells whether more pay",
}


def paced(notice: Paced) -> str:
    """One line for a person."""
    if notice.why is PacedBy.MANY:
        return f"-j auto: {_at_once(notice.slots)} while several programs run; only jobs of one are compared"
    return _said(notice.program, notice.slots, _WHY[notice.why], notice.gains)


def at_once(slots: int | None) -> str:
    """How many jobs run, before anything does; None: that is found out."""
    return "as many at once as are fastest together" if slots is None else f"at most {slots} at once"


def standing(program: str, found: Found) -> str:
    """The same of a runner that is looked at from outside."""
    return _said(program, found.now, _how(found), found.gains)


def _how(found: Found) -> str:
    if found.beside:
        return "while several programs run"
    return "settled" if found.settled else "a try" if found.now != found.slots else "measured"


def as_object(program: str, found: Found) -> dict[str, Any]:
    """The same for programs."""
    gains = {str(level): gain for level, gain in found.gains.items()}
    return {"program": program, "jobs": found.now, "settled": found.settled, "gains": gains}


def _said(program: str, slots: int, how: str, gains: Mapping[int, float]) -> str:
    """`gains`: how fast all together were at each number that was tried, over the number that was the best before."""
    tried = f" ({', '.join(f'{level} at once: x {gain:.2f}' for level, gain in gains.items())})" if gains else ""
    return f"-j auto: {_at_once(slots)} of `{_name(program)}`, {how}{tried}"


def _name(program: str) -> str:
    """What people call it: its file without the folders."""
    return program.rpartition("/")[2] or program


def _at_once(slots: int) -> str:
    return f"{slots} jobs at once" if slots > 1 else "1 job at a time"
