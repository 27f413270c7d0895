"""Where launchers have their files, for whoever only looks at these: no sockets, no processes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scheduler.home import Home
from scheduler.linux.locks import is_locked


def journal_path(home: Home, launcher: str) -> Path:
    """`launcher`: with a folder before it, where it is one of a cluster's: then the journal lies in that."""
    return (home.root if "/" in launcher else home.launchers) / f"{launcher}.journal"


def socket_path(home: Home, launcher: str) -> Path:
    return home.launchers / f"{launcher}.sock"


def remove(home: Home, launcher: str) -> None:
    """The files of a launcher that is gone."""
    path = journal_path(home, launcher)
    for each in (socket_path(home, launcher), path, path.with_suffix(".new")):
        each.unlink(missing_ok=True)


def gone(home: Home) -> list[str]:
    """The launchers that are gone and have left their files."""
    return [path.stem for path in home.launchers.glob("*.journal") if not is_locked(path)]


def sweep(home: Home, launchers: Iterable[str], still_needed: set[str]) -> None:
    """Remove the files of these launchers whose every attempt has its final record. They must have been `gone` before anybody
    read which attempts are open: one that has begun since, and whose launcher has gone since, needs its journal."""
    for launcher in launchers:
        if launcher not in still_needed:
            remove(home, launcher)
