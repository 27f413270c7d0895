"""Copies in the place of links that lead out of an attempt's directory: real files, real links, a disk that is full."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scheduler.launcher import kept
from tests.small_disk import fill, small_disk

MIB = 1 << 20


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    place = tmp_path / "attempt"
    (place / "files").mkdir(parents=True)
    return place


@pytest.fixture
def work(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    return place


def saved(attempt: Path, work: Path, content: str = "mine", name: str = "model.pt") -> Path:
    """What `wandb.save` leaves."""
    (work / name).write_text(content)
    link = attempt / "files" / name
    link.symlink_to(work / name)
    return link


def test_a_link_becomes_a_copy_that_the_next_trial_cannot_change(attempt: Path, work: Path) -> None:
    """The best trial's file held the weights of the last one."""
    began = time.time()
    link = saved(attempt, work)
    kept.keep(str(attempt), began, MIB)
    (work / "model.pt").write_text("of another")
    assert (link.read_text(), link.is_symlink()) == ("mine", False)
    record = kept.read(str(attempt))
    assert record
    assert record.links == (kept.Link("files/model.pt", str(work / "model.pt"), 4),)


def test_what_the_attempt_has_only_read_stays_a_link(attempt: Path, work: Path) -> None:
    """A data set or a pretrained network may be huge, and is nobody's result."""
    link = saved(attempt, work)
    (attempt / "files" / "inside").symlink_to("model.pt")
    (attempt / "files" / "folder").symlink_to(work)
    (attempt / "files" / "gone.pt").symlink_to(work / "gone.pt")
    (attempt / "files" / "null.pt").symlink_to(os.devnull)
    kept.keep(str(attempt), time.time() + 60, MIB)
    assert link.is_symlink()
    assert kept.read(str(attempt)) is None


def test_a_file_beyond_the_cap_is_not_copied_and_the_reason_is_kept(attempt: Path, work: Path) -> None:
    """A thousand trials with a large model each would fill the disk."""
    began = time.time()
    link = saved(attempt, work, "x" * 100)
    kept.keep(str(attempt), began, 99)
    assert link.is_symlink()
    record = kept.read(str(attempt))
    assert record
    assert "it has 100 bytes, and 99 were left" in record.links[0].why


def test_a_full_disk_leaves_the_link_and_nothing_half(attempt: Path, work: Path) -> None:
    """The trial has ended well, whatever becomes of its copy."""
    with small_disk(attempt):
        (attempt / "files").mkdir()
        began = time.time()
        link = saved(attempt, work, "x" * 1000)
        fill(attempt)
        kept.keep(str(attempt), began, MIB)
        assert link.is_symlink()
        assert [path.name for path in (attempt / "files").iterdir()] == ["model.pt"]
