"""Launchers for tests that are forked from an interpreter with imports loaded, and orders that they fork."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from scheduler.home import Home
from scheduler.launcher.client import Slot, open_slot
from scheduler.launcher.spawning import Order
from scheduler.warm.client import Mother, Wish
from scheduler.warm.command import behind_env, program_of
from tests.contract.launcher.launching import NAME, end_of, order, output


def wish(
    argv: Sequence[str], cwd: Path, modules: tuple[str, ...] | None = (), environment: Mapping[str, str] | None = None
) -> Wish:
    """What a job with that command line could be forked from."""
    program = program_of(argv)
    assert program
    return Wish(behind_env(argv)[0], program, str(cwd), os.environ if environment is None else environment, modules)


@contextmanager
def warm_slot(home: Home, wanted: Wish) -> Iterator[Slot]:
    """A launcher that was forked from such an interpreter, which has ended when the block is left."""
    mother = Mother(wanted, os.environ)
    slot = open_slot(home, launch=mother.launch)
    slot.warm = wanted.key
    try:
        assert slot.process.poll() is None, mother.state
        yield slot
    finally:
        slot.stop(NAME, "cancelled", 0.0)
        slot.close()
        slot.process.wait(90)
        mother.close()


def ended(slot: Slot, tmp_path: Path, argv: Sequence[str], **changes: Any) -> tuple[dict, str]:
    """How a job of that command line ended in the launcher, and what it printed."""
    wanted = replace(order(tmp_path, list(argv)), **{"warm": slot.warm, **changes})
    slot.start(wanted, [])
    return end_of(slot), output(tmp_path)


def both_ways(
    home: Home, tmp_path: Path, argv: Sequence[str], modules: tuple[str, ...] = (), **changes: Any
) -> list[tuple[dict, str]]:
    """The same job begun from nothing, and forked: how it ended, and what it printed, each in a directory of the same name."""
    found = []
    for way in ("cold", "warm"):
        cold = open_slot(home) if way == "cold" else None
        environment = {**os.environ, **changes.get("environment", {})}
        given = {name: text for name, text in environment.items() if text is not None}
        with _closing(cold) if cold else warm_slot(home, wish(argv, tmp_path, modules, given)) as slot:
            found.append(ended(slot, tmp_path, argv, **changes))
        (tmp_path / "attempt").rename(tmp_path / f"attempt-{way}")
    return found


@contextmanager
def _closing(slot: Slot) -> Iterator[Slot]:
    try:
        yield slot
    finally:
        slot.close()
        slot.process.wait(90)


class Warm(Slot):
    """A launcher that forks what it is given, whatever that was to be forked from."""

    def start(self, order: Order, descriptors: list[int], *, more: bool = False) -> bool:
        return super().start(replace(order, warm=self.warm), descriptors, more=more)
