"""Launchers for tests: one of the test's own, orders for it, and what it reports."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scheduler.attempt_files import LOG
from scheduler.launcher.client import Slot
from scheduler.launcher.spawning import Order

NAME = "job/1"


def order(tmp_path: Path, argv: list[str], **changes: Any) -> Order:
    return Order(NAME, argv, str(tmp_path), str(tmp_path / "attempt"), **{"grace": 0.2, **changes})


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


_unread: dict[str, list[dict[str, Any]]] = {}  # by launcher: what came together with a report that a test had waited for


def reports(slot: Slot, last: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """What the launcher reports from here on, up to the one that `last` is true for; what follows is there for the next call."""
    heard = _unread.pop(slot.id, [])
    while not any(map(last, heard)):
        messages, there = slot.channel.receive()
        heard += [message for message, _ in messages]
        assert there or any(map(last, heard)), "the launcher died"
    until = next(place for place, report in enumerate(heard, 1) if last(report))
    _unread[slot.id] = heard[until:]
    return heard[:until]


def until_ended(slot: Slot) -> list[dict[str, Any]]:
    """The reports up to the one that the attempt's whole tree is gone; the end is in the last."""
    return reports(slot, lambda report: report["is"] == "ended")


def end_of(slot: Slot) -> dict[str, Any]:
    """Wait for the report that the attempt's whole tree is gone."""
    return next(report["end"] for report in until_ended(slot) if report["is"] == "ended")


def output(tmp_path: Path) -> str:
    return (tmp_path / "attempt" / LOG).read_text()
