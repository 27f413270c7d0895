"""From which other sweeps a search learns, for people and for programs."""

from __future__ import annotations

from typing import Any

from scheduler.report.text import plural
from scheduler.sweeps.engine.evidence import Evidence, Told


def lines(found: Evidence, *, learns: bool) -> list[str]:
    """One sentence for each of these sweeps: how many of its trials count for the search. `learns`: whether it asks for them."""
    if found.told and not learns:
        return ["the trials of other sweeps that it was given with --from are left out: this method learns from none"]
    return [_line(each) for each in found.told]


def _line(told: Told) -> str:
    outside = told.total - told.used
    whose = f"sweep {told.sweep.id[:8]} ({told.sweep.file})"
    sentence = f"the search learns from {told.used} of {plural(told.total, 'trial')} of {whose}"
    if outside:
        sentence += f"; {'the other lies' if outside == 1 else f'the other {outside} lie'} outside the present space"
    if told.unknown:
        sentence += f"; they say nothing of {', '.join(told.unknown)}"
    return sentence


def objects(found: Evidence) -> list[dict[str, Any]]:
    """The same for programs."""
    return [{"sweep": each.sweep.id, "file": each.sweep.file, "used": each.used, "trials": each.total} for each in found.told]
