"""Which runners live, what they drive and where to: a file for each, locked as long as its process lives.

Beside it lies what the runner says later, in a file that it alone writes: of which jobs it has more by now, and what it knows of
other machines that it sends them to.
"""

from __future__ import annotations

import fcntl
import json
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from scheduler.home import Home
from scheduler.linux.locks import is_locked
from scheduler.values import dataclass

Ranges = Sequence[tuple[int, int]]  # first and last numbers of jobs, in order
_SUFFIX, _SAID, _DRAFT = ".runner", ".bound", ".bound.new"


@dataclass(frozen=True)
class Bound:
    """The jobs of a runner with these `numbers`, and where they go. `on`: other machines, as `--on` names them; "": this one. Of
    others it says more: `note`: what they have, or have said last; `slots`: so many attempts it may have there; `waits`: why
    the first of its jobs found no place at its last look, by their numbers; `kept_back`: why others are not sent at all, with
    their numbers; `trouble`: why nothing is sent for now."""

    numbers: Ranges
    pid: int = 0
    on: str = ""
    note: str = ""
    slots: int = 0
    waits: Mapping[int, str] = field(default_factory=dict)
    kept_back: Sequence[tuple[str, Ranges]] = ()
    trouble: str = ""

    def has(self, number: int) -> bool:
        """Whether the job with this number is one of them."""
        return _within(self.numbers, number)

    def why_kept_back(self, number: int) -> str:
        """Why that job is not sent at all; "" where it is."""
        return next((why for why, numbers in self.kept_back if _within(numbers, number)), "")


@contextmanager
def present(home: Home, ranges: Ranges, first: Bound | None = None) -> Iterator[Callable[[Bound], None]]:
    """Meanwhile others see that a runner drives these jobs, and what it has said last: `first`, or by a call of what is given.
    Without room on the disk nobody does, or they see what was said before."""
    path = home.launchers / f"{os.urandom(8).hex()}-{os.getpid()}{_SUFFIX}"
    unnamed, said = path.with_suffix(".new-runner"), path.with_suffix(_SAID)
    descriptor = None

    def say(bound: Bound) -> None:
        with suppress(OSError):
            _write(said, bound)

    with suppress(OSError):
        descriptor = os.open(unnamed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # before it has its name: one that is not locked is of a runner that is gone
        os.write(descriptor, json.dumps(list(ranges)).encode())
        if first:  # before it has its name: else its jobs would seem to be for this machine
            _write(said, first)
        unnamed.rename(path)
    try:
        yield say
    finally:
        for each in (path, unnamed, said):
            with suppress(OSError):
                each.unlink(missing_ok=True)
        if descriptor is not None:
            os.close(descriptor)


def bounds(home: Home) -> list[Bound]:
    """What the living runners drive, and what they say of it; what dead ones have left is removed."""
    found: list[Bound] = []
    for path in home.launchers.glob(f"*{_SUFFIX}"):
        with suppress(OSError, ValueError):
            if is_locked(path):
                ranges = [(first, last) for first, last in json.loads(path.read_bytes())]
                found.append(_read(path.with_suffix(_SAID)) or Bound(ranges, _pid(path)))
            else:
                for each in (path, path.with_suffix(_SAID), path.with_suffix(_DRAFT)):
                    each.unlink(missing_ok=True)
    return found


def _pid(path: Path) -> int:
    """Of the runner with this file; 0: of an exp-queue that did not say it."""
    _, _, pid = path.stem.partition("-")
    return int(pid) if pid.isdecimal() else 0


def driven(home: Home) -> list[tuple[int, int]]:
    """The numbers of the jobs that living runners drive."""
    return [each for bound in bounds(home) for each in bound.numbers]


def _write(path: Path, bound: Bound) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(_DRAFT)
    try:
        draft.write_text(json.dumps(asdict(bound)), encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> Bound | None:
    """None where nothing was said, or by an exp-queue that says it in another way."""
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
        return Bound(
            _ranges(said["numbers"]),
            int(said["pid"]),
            str(said["on"]),
            str(said["note"]),
            int(said["slots"]),
            {int(number): str(why) for number, why in said["waits"].items()},
            [(str(why), _ranges(numbers)) for why, numbers in said["kept_back"]],
            str(said["trouble"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _ranges(said: Any) -> Ranges:
    return [(int(first), int(last)) for first, last in said]


def _within(ranges: Ranges, number: int) -> bool:
    place = bisect_right(ranges, number, key=lambda each: each[0])
    return place > 0 and number <= ranges[place - 1][1]
