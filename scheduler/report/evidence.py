"""From which other sweeps a search learns, for people and for programs."""

from __future__ import annotations

from typing import Any

from scheduler.report.text import plural
from scheduler.sweeps.engine.evidence import Evidence, Told


def lines(found: Evidence, *, learns: bool | None) -> list[str]:
    """One sentence for each of these sweeps: how many of its trials count for the search. `learns`: whether it asks for them;
    None: that is not known, for each command has a sampler of its own."""
    if found.told and learns is False:
        return ["the trials of other sweeps that it was given with --from are left out: this method learns from none"]
    return [_line("the search learns from" if learns else "to learn from (--from) it was given", each) for each in found.told]


def afterwards(found: Evidence, method: str) -> list[str]:
    """The same of a sweep with this method that is looked at later."""
    return lines(found, learns=None if method == "bayes" else False)


def _line(what: str, told: Told) -> str:
    outside = told.total - told.used
    whose = f"sweep {told.sweep.id[:8]} ({told.sweep.file})"
    sentence = f"{what} {told.used} of {plural(told.total, 'trial')} of {whose}"
    if outside:
        sentence += f"; {'the other lies' if outside == 1 else f'the other {outside} lie'} outside the present space"
    if told.unknown:
        sentence += f"; they say nothing of {', '.join(told.unknown)}"
    return sentence


def objects(found: Evidence) -> list[dict[str, Any]]:
    """The same for programs."""
    return [{"sweep": each.sweep.id, "file": each.sweep.file, "used": each.used, "trials": each.total} for each in found.told]
