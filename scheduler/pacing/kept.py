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
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from scheduler.linux import processes
from scheduler.values import dataclass

MOST, OFFERS = 200, 20  # programs, and machines of each; of more, those that were told of first are forgotten
FILE, LOCK, BROKEN = "paces.json", "paces.lock", "paces.json.broken"


@dataclass(frozen=True)
class Found:
    """So many jobs of a program at once are best on a machine that offers this, or, as long as it is not `settled`, seem so.
    `gains`: of each number that was tried, over the one that was the best then. `now`: so many are allowed at this moment, by
    the runner with this pid and birth, which may be gone; `beside`: of several programs that run, the fewest of all."""

    slots: int
    offer: str
    gains: Mapping[int, float] = field(default_factory=dict)
    settled: bool = False
    now: int = 0
    pid: int = 0
    birth: int = 0
    beside: bool = False

    @property
    def is_followed(self) -> bool:
        """Whether its runner lives."""
        process = processes.look_up(self.pid) if self.pid else None
        return process is not None and process.birth == self.birth

    def by_us(self, now: int, *, beside: bool = False) -> Found:
        """The same, said by this process, which allows so many now."""
        ours = processes.look_up(os.getpid())
        return replace(self, now=now, pid=os.getpid(), birth=ours.birth if ours else 0, beside=beside)


def found(root: Path, program: str, offer: str) -> Found | None:
    """What is known of a program on a machine that offers this; None where that is nothing."""
    return next((each for each in _known(root, program) if each.offer == offer), None)


def followed(root: Path, program: str) -> Found | None:
    """What a living runner says of a program, the one that spoke last; None where there is none."""
    return next(all_followed(root, program), None)


def all_followed(root: Path, program: str) -> Iterator[Found]:
    """What living runners say of a program, the one that spoke last first."""
    return (each for each in _known(root, program) if each.is_followed)


def keep(root: Path, program: str, each: Found) -> None:
    """Whole or not at all."""
    with suppress(OSError), _locked(root):
        entries = _read(root)
        before = entries.pop(program, None)
        others = {offer: entry for offer, entry in before.items() if offer != each.offer} if isinstance(before, dict) else {}
        gains = {str(level): gain for level, gain in each.gains.items()}
        entries[program] = _newest({**others, each.offer: {**vars(each), "gains": gains}}, OFFERS)
        draft = root / f"{FILE}.{os.getpid()}"
        try:
            draft.write_text(json.dumps(_newest(entries, MOST), indent=1), encoding="utf-8")
            draft.replace(root / FILE)
        finally:
            draft.unlink(missing_ok=True)


def _known(root: Path, program: str) -> Iterator[Found]:
    """What stands there of a program on any machine, the newest first."""
    entries = _read(root).get(program)
    for entry in reversed(list(entries.values()) if isinstance(entries, dict) else []):
        with suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
            gains = {int(level): float(gain) for level, gain in entry["gains"].items()}
            slots, now, pid, birth = (int(entry[name]) for name in ("slots", "now", "pid", "birth"))
            if slots > 0:
                settled, beside = entry["settled"] is True, entry.get("beside") is True
                yield Found(slots, str(entry["offer"]), gains, settled, now, pid, birth, beside)


def _newest(entries: dict[str, Any], most: int) -> dict[str, Any]:
    return dict(list(entries.items())[-most:])


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
