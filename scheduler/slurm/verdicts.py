"""What became of an attempt on a node, as the reports that a launcher would have sent. Pure.

Whatever is not certain is `lost`: a command is never started twice by a guess.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scheduler.launcher.journal import Record, is_the_clusters
from scheduler.slurm.states import Element, end_of, refined

_STARTED = frozenset(["COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE"])
_DROPPED = {"is": "dropped", "why": ""}
_LOST = "its launcher on the node ended before it could record how the job ended"


def by_journal(attempt: str, record: Record) -> dict[str, Any] | None:
    """What a closed journal says; None: it is not closed, or Slurm has to say why the attempt ended."""
    if not record.closed:
        return None
    end = record.ended.get(attempt)
    if end and is_the_clusters(end):
        return None
    return _ended(end) if end else _DROPPED


def gone(attempt: str, record: Record, element: Element | None) -> dict[str, Any]:
    """Of an attempt that Slurm has no longer, and of which the journal does not say it all."""
    if end := record.ended.get(attempt):
        return _ended(refined(end, element))
    if attempt not in record.started:
        return _DROPPED
    return _ended(end_of(element) or _end("lost", _LOST))


def never_began(element: Element | None, folder: Path, said: str, python: str) -> dict[str, Any]:
    """Of an order that has no journal, and can have none any more. `said`: what was printed on the node instead."""
    if element is None or (element.state not in _STARTED and element.state != "CANCELLED"):
        return _DROPPED
    if element.state == "CANCELLED":
        return _ended(end_of(element) or _end("cancelled", ""))
    why = f"Slurm started it on {element.node}, where our launcher could not write ({said or element.state}); "
    return _ended(_end("failed", f"{why}does {element.node} see {folder} and {python}?"))


def _ended(end: dict[str, Any]) -> dict[str, Any]:
    return {"is": "ended", "end": end}


def _end(state: str, reason: str) -> dict[str, Any]:
    return {"state": state, "exit_status": None, "reason": reason, "duration": None}
