"""A launcher whose journal has room for a part of a line only, on a file system that is really full."""

from __future__ import annotations

import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.home import Home, open_home
from scheduler.launcher import journal
from scheduler.launcher.client import open_slot
from scheduler.launcher.places import journal_path
from scheduler.launcher.spawning import Order
from scheduler.queue.evidence import Evidence
from scheduler.runner import recovery
from tests.small_disk import fill, make_room, small_disk

NAME = "job/1"


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Home]:
    """A state directory on a file system of one MiB, which `fill` makes full."""
    place = tmp_path / "small"
    place.mkdir()
    with small_disk(place):
        yield open_home(place / "home")


def test_a_pause_finds_its_line_in_what_is_left(full: Home) -> None:
    """More could not be held in reserve, and so nothing was written: the job stood still, and nobody could say that it did."""
    path = journal_path(full, "launcher")
    written = journal.Journal(journal.create(path))
    written.started(NAME)
    written.noted(NAME, "x" * (journal.AHEAD - journal.ROOM))
    fill(full.root)
    written.paused(NAME, 5.0)
    assert journal.read(path).paused == {NAME: 5.0}
    written.continued(NAME, 2.0)
    assert journal.read(path).rested == {NAME: 2.0}


@pytest.mark.parametrize("left", [1, 5])
def test_a_command_never_runs_without_its_start_in_the_journal(full: Home, tmp_path: Path, until, left: int) -> None:
    """Promise `once`: killed now, its launcher would leave evidence that the command never ran, and it would run again."""
    slot = open_slot(full)
    path = journal_path(full, slot.id)
    with path.open("a") as file:
        file.write("#" * (4096 - left - 1 - path.stat().st_size) + "\n")
    fill(full.root)
    slot.start(Order(NAME, ["sh", "-c", "echo ran > ledger; exec sleep 600"], str(tmp_path), str(tmp_path / "attempt")), [])
    until(lambda: (tmp_path / "ledger").exists() or slot.process.poll() is not None or _dropped(slot))
    ran = (tmp_path / "ledger").exists()
    evidence = Evidence(journal.read(path), launcher_lives=False, tree_lives=False, same_boot=True)
    found = recovery.verdict(NAME, evidence)
    make_room(full.root)
    slot.stop(NAME, "cancelled")
    slot.close()
    slot.process.wait(90)
    assert not (ran and isinstance(found, recovery.NeverRan)), "it ran, and would be called unstarted"


def _dropped(slot) -> bool:
    """Whether the launcher has said that it gives the order back."""
    readable, _, _ = select.select([slot], [], [], 0)
    return bool(readable) and any(message["is"] == "dropped" for message, _ in slot.channel.receive()[0])
