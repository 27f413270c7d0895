"""The files that a runner and the nodes share: who may start an order, and who may not."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scheduler.launcher import journal
from scheduler.launcher.spawning import Order
from scheduler.slurm import batch


def order(number: int) -> Order:
    return Order(f"job/{number}", ["true", f"wörd\n{number}"], "/", f"/attempts/{number}", {"A": "ä", "B": None})


def test_each_element_of_an_array_finds_its_own_order(tmp_path: Path) -> None:
    """Whatever stands in the others, and without reading ten thousand of them."""
    folder = batch.folder_of(tmp_path, "b")
    orders = {index: order(index) for index in (0, 3, 12)}
    batch.write(folder, orders)
    assert {index: batch.order(folder, index) for index in orders} == orders


def test_an_order_that_was_taken_away_is_none(tmp_path: Path) -> None:
    """The manifest is removed first: an element that Slurm starts late must not start what is over."""
    assert batch.order(tmp_path, 0) is None
    assert batch.open_journal(tmp_path / "gone", 0) is None


def test_a_withdrawn_order_cannot_be_begun_and_a_begun_one_not_withdrawn(tmp_path: Path) -> None:
    """`once` and `durable` hang on this: the two sides have no lock, only the name of one file."""
    assert batch.withdraw(tmp_path, 0)
    assert batch.open_journal(tmp_path, 0) is None
    found = journal.read(batch.journal(tmp_path, 0))
    assert found
    assert (found.closed, found.started) == (True, frozenset())
    descriptor = batch.open_journal(tmp_path, 1)
    assert descriptor is not None
    os.close(descriptor)
    assert not batch.withdraw(tmp_path, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.journal", "1.journal"]


def test_of_many_who_want_an_order_at_once_one_gets_it(tmp_path: Path) -> None:
    """An array that was submitted twice, because Slurm did not answer, has two elements for each order."""

    def take(number: int) -> bool:
        return batch.withdraw(tmp_path, 0) if number % 2 else batch.open_journal(tmp_path, 0) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(40))) == 1


def test_a_stop_is_found_with_what_it_asks_for(tmp_path: Path) -> None:
    """A second one, more impatient, takes the place of the first."""
    assert batch.asked_to_stop(tmp_path, 4) is None
    batch.ask_to_stop(tmp_path, 4, "cancelled", None)
    batch.ask_to_stop(tmp_path, 4, "cancelled", 0.5)
    assert batch.asked_to_stop(tmp_path, 4) == {"state": "cancelled", "grace": 0.5}


def test_a_launcher_s_name_says_where_its_order_is() -> None:
    """The store keeps the name alone; those of one machine have no folder in it."""
    assert batch.place_of(batch.launcher_of("abc", 12)) == ("abc", 12)
    assert batch.place_of("0123456789abcdef") is None
