"""What was found about programs, kept for the next run: a small file in the state directory.

Nothing depends on it: what cannot be read or written is found out anew. Whoever writes has a lock meanwhile, so that two commands
keep what both have found.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduler.linux import processes

MOST = 200  # programs; of more, those that were told of first are forgotten
FILE, LOCK, BROKEN = "paces.json", "paces.lock", "paces.json.broken"


@dataclass(frozen=True)
class Found:
    """So many jobs of a program at once are best on a machine that offers this, or, as long as it is not `settled`, seem so.
    `gains`: of each number that was tried, over the one that was the best then. `now`: so many are allowed at this moment, by
    the runner with this pid and birth, which may be gone."""

    slots: int
    offer: str
    gains: Mapping[int, float] = field(default_factory=dict)
    settled: bool = False
    now: int = 0
    pid: int = 0
    birth: int = 0

    @property
    def is_followed(self) -> bool:
        """Whether its runner lives."""
        process = processes.look_up(self.pid) if self.pid else None
        return process is not None and process.birth == self.birth

    def by_us(self, now: int) -> Found:
        """The same, said by this process, which allows so many now."""
        ours = processes.look_up(os.getpid())
        return Found(self.slots, self.offer, self.gains, self.settled, now, os.getpid(), ours.birth if ours else 0)


def found(root: Path, program: str) -> Found | None:
    """What is known of a program; None where that is nothing."""
    try:
        entry = _read(root)[program]
        gains = {int(level): float(gain) for level, gain in entry["gains"].items()}
        slots, now, pid, birth = (int(entry[name]) for name in ("slots", "now", "pid", "birth"))
        return Found(slots, str(entry["offer"]), gains, entry["settled"] is True, now, pid, birth) if slots > 0 else None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def keep(root: Path, program: str, each: Found) -> None:
    """Whole or not at all."""
    with suppress(OSError), _locked(root):
        entries = _read(root)
        entries.pop(program, None)
        entries[program] = {**vars(each), "gains": {str(level): gain for level, gain in each.gains.items()}}
        kept = dict(list(entries.items())[-MOST:])
        draft = root / f"{FILE}.{os.getpid()}"
        try:
            draft.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            draft.replace(root / FILE)
        finally:
            draft.unlink(missing_ok=True)


def set_aside(root: Path) -> Path | None:
    """Where the file went, if there is one and nobody can read it."""
    try:
        _parsed((root / FILE).read_bytes())
    except (ValueError, RecursionError):
        with suppress(OSError):
            return (root / FILE).replace(root / BROKEN)
    except OSError:
        pass
    return None


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # held for milliseconds, once in a step
        yield
    finally:
        os.close(descriptor)


def _read(root: Path) -> dict[str, Any]:
    try:
        return _parsed((root / FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}


def _parsed(text: bytes) -> dict[str, Any]:
    """ValueError where it is not what `keep` writes."""
    entries = json.loads(text)
    if not isinstance(entries, dict):
        raise ValueError("no entries")
    return entries
