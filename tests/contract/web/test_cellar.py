"""What is kept of curves for the next page, and how little depends on it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.web.cellar import FILE, Cellar
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
            line.execute("UPDATE curve SET curve = x'00'")
            line.execute("PRAGMA user_version = 99")
        line.close()
    else:
        path.unlink()
        path.mkdir()
    for _ in range(2):
        assert Shelf(Cellar(tmp_path)).curves(store, attempts, "loss", 32) == before
