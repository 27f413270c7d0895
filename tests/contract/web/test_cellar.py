"""What is kept of curves for the next page, and how little depends on it."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.web.cellar import FILE, MOST, Cellar, Texts
from scheduler.web.shelf import Shelf
from tests.contract.web.conftest import done


def test_curves_that_were_made_once_are_not_made_again(store: Store, filled: Callable[..., list[Job]], tmp_path: Path) -> None:
    """A thousand runs are there at once when the page is served the next time, and no log or history is read for it."""
    attempts = list(store.latest_attempts(filled([0.1, 0.2], done)).values())
    first = Shelf(Cellar(tmp_path)).curves(store, attempts, "loss", 32)
    assert len(first) == 2
    with store.change() as change:
        change.connection.execute("UPDATE logged SET curves = NULL")
    assert Shelf(Cellar(tmp_path)).curves(store, attempts, "loss", 32) == first
    assert Shelf(Cellar(tmp_path)).curves(store, attempts, "acc", 32) == {}


def test_a_curve_is_that_of_its_metric_and_has_as_many_points_as_asked(
    store: Store, filled: Callable[..., list[Job]], tmp_path: Path
) -> None:
    """What is kept for a chart of a thousand runs is too coarse for one of three."""
    attempts = list(store.latest_attempts(filled([0.1], done)).values())
    shelf = Shelf(Cellar(tmp_path))
    drawn = [shelf.curves(store, attempts, *asked)[attempts[0].name][0] for asked in (("loss", 32), ("loss", 512), ("acc", 512))]
    loss, fine, other = [json.loads(each) for each in drawn]
    assert [len(each["last"]) for each in (loss, fine, other)] == [25, 50, 50]
    assert fine["last"] != other["last"]


@pytest.mark.parametrize("damage", ["text", "version", "folder"])
def test_a_file_that_is_damaged_costs_time_alone(
    store: Store, filled: Callable[..., list[Job]], tmp_path: Path, damage: str
) -> None:
    """A kill, a full disk, another version: what was kept is made anew."""
    attempts = list(store.latest_attempts(filled([0.1], done)).values())
    before = Shelf(Cellar(tmp_path)).curves(store, attempts, "loss", 32)
    path = tmp_path / FILE
    if damage == "text":
        path.write_bytes(b"no database" * 1000)
    elif damage == "version":
        with sqlite3.connect(path) as line:
            line.execute("UPDATE curve SET curve = ?", [zlib.compress(b'{"of": "another version"}')])
            line.execute("PRAGMA user_version = 99")
        line.close()
    else:
        path.unlink()
        path.mkdir()
    for _ in range(2):
        assert Shelf(Cellar(tmp_path)).curves(store, attempts, "loss", 32) == before


KEPT = {"run/1": (b"a curve", b"a clock")}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of a cellar with something in it."""
    Cellar(tmp_path).put(KEPT, "loss", 32)
    return tmp_path / FILE


def fetched(path: Path) -> Mapping[str, Texts]:
    return Cellar(path.parent).fetch(list(KEPT), "loss", 32)


def test_what_is_damaged_or_too_large_goes_and_makes_room_for_what_comes(kept: Path) -> None:
    """Else every page from then on would make all curves anew, and nobody would know why."""
    kept.write_bytes(b"no database" * 1000)
    assert fetched(kept) == {}
    assert not kept.exists()
    Cellar(kept.parent).put(KEPT, "loss", 32)
    assert fetched(kept) == KEPT
    os.truncate(kept, MOST + 1)
    assert fetched(kept) == {}
    assert kept.stat().st_size < MOST


def test_a_file_that_another_page_writes_stays(kept: Path) -> None:
    """Two pages share it: what is busy for a moment is not damaged."""
    other = sqlite3.connect(kept, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert fetched(kept) == {}
    other.close()
    assert fetched(kept) == KEPT


def test_what_is_kept_is_read_by_its_user_alone(kept: Path) -> None:
    """Curves are as secret as the queue."""
    assert kept.stat().st_mode & 0o777 == 0o600
