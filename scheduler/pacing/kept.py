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
    the runner with this pid and birth, which may be gone; `beside`: of several programs that run, the fewest of all. `alone`:
    whether no other runner has found it out at the same time; else each has measured beside the other, and it may be half."""

    slots: int
    offer: str
    gains: Mapping[int, float] = field(default_factory=dict)
    settled: bool = False
    now: int = 0
    pid: int = 0
    birth: int = 0
    beside: bool = False
    alone: bool = True

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
    """What is known of a program on a machine that offers this, for whoever begins with it; None where that is nothing. What two
    have found out side by side is not settled."""
    each = next((each for each in _known(root, program) if each.offer == offer), None)
    return replace(each, settled=each.settled and each.alone) if each else None


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
        told = entries.pop(program, None)
        before = told if isinstance(told, dict) else {}
        others = {offer: entry for offer, entry in before.items() if offer != each.offer}
        gains = {str(level): gain for level, gain in each.gains.items()}
        alone = _is_alone(_found_in(before.get(each.offer)), each)
        entries[program] = _newest({**others, each.offer: {**vars(each), "gains": gains, "alone": alone}}, OFFERS)
        draft = root / f"{FILE}.{os.getpid()}"
        try:
            draft.write_text(json.dumps(_newest(entries, MOST), indent=1), encoding="utf-8")
            draft.replace(root / FILE)
        finally:
            draft.unlink(missing_ok=True)


def _known(root: Path, program: str) -> Iterator[Found]:
    """What stands there of a program on any machine, the newest first."""
    entries = _read(root).get(program)
    told = reversed(list(entries.values()) if isinstance(entries, dict) else [])
    return filter(None, map(_found_in, told))


def _found_in(entry: Any) -> Found | None:
    """What `keep` has written; None for anything else."""
    with suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
        gains = {int(level): float(gain) for level, gain in entry["gains"].items()}
        slots, now, pid, birth = (int(entry[name]) for name in ("slots", "now", "pid", "birth"))
        settled, beside, alone = entry["settled"] is True, entry.get("beside") is True, entry.get("alone") is not False
        if slots > 0:
            return Found(slots, str(entry["offer"]), gains, settled, now, pid, birth, beside, alone)
    return None


def _is_alone(before: Found | None, each: Found) -> bool:
    """Whether what a runner has found is its own alone, by what stood there `before`. Who was beside another once stays so; who
    comes to what was settled measures nothing."""
    if before is None or (before.settled and before.alone):
        return True
    if (before.pid, before.birth) == (each.pid, each.birth):
        return before.alone
    return not before.is_followed


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
