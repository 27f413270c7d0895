"""What a runner has sent, or is to send: orders that go to Slurm as one array, and the attempts whose journals are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from scheduler.launcher.spawning import Order


@dataclass
class Batch:
    """An array of orders. `job`: its number in Slurm, "" before it has one; `sent`: whether it may be there. `due`: when the next
    try to submit it is."""

    name: str
    folder: Path
    options: tuple[str, ...] = ()
    most: int | None = None
    orders: dict[int, Order] = field(default_factory=dict)
    job: str = ""
    sent: bool = False
    due: float = 0.0
    tries: int = 0

    @property
    def title(self) -> str:
        """What Slurm calls it."""
        return f"exp-queue-{self.name}"


@dataclass
class Watched:
    """An attempt whose journal is looked at. `begun`: that it runs was told; `size`: of the journal when it was read."""

    attempt: str
    batch: Batch
    index: int
    begun: bool = False
    size: int = -1
    note: str = ""
    stop: tuple[str, float | None] | None = None  # what was asked for

    def said(self) -> str:
        """The last line of what was printed before there was a journal."""
        with suppress(OSError):
            lines = (self.batch.folder / f"{self.index}.out").read_text(encoding="utf-8", errors="replace").splitlines()
            return lines[-1] if lines else ""
        return ""


def journals(folder: Path) -> set[int]:
    """The numbers of the orders that have a journal."""
    try:
        names: Iterable[str] = os.listdir(folder)  # noqa: PTH208 (ten thousand of them)
    except FileNotFoundError:
        return set()
    return {int(name[: -len(".journal")]) for name in names if name.endswith(".journal")}
