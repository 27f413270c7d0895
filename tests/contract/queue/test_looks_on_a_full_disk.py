"""A queue that nobody has open, on a disk without room for what SQLite makes beside it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.experiments import Experiment
from scheduler.home import Home, open_home
from scheduler.queue.database import Unwritable
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from tests.small_disk import fill, make_room, small_disk

TWO = "command: ['true', '${args}']\ngrid: {x: [1, 2]}\n"


@pytest.fixture
def full(tmp_path: Path, experiments: Callable[[str], list[Experiment]]) -> Iterator[Home]:
    """Two jobs, and not a byte more."""
    place = tmp_path / "small"
    place.mkdir(mode=0o700)
    with small_disk(place):
        home = open_home(place)
        with Store(home) as store:
            submit(store, experiments(TWO), "/")
        fill(place)
        yield home


def test_whoever_only_looks_sees_it_and_nobody_writes_meanwhile(full: Home) -> None:
    """A writer would change what is read under the reader's eyes; where it is long, it is said who has the lock."""
    with pytest.raises(Unwritable), Store(full):
        pass
    with Store(full, only_looks=True) as store:
        assert [job.config for job in store.jobs()] == [{"x": 1}, {"x": 2}]
        assert store.frozen == f"the queue {full.database} is on a disk that is full"
        with full.write_lock.open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with Store(full, only_looks=True) as beside:
            assert len(beside.jobs()) == 2
    with full.write_lock.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_change_is_refused_with_a_way_out(full: Home) -> None:
    """It must not look like a queue that is read-only for good, or damaged."""
    with Store(full, only_looks=True) as store:
        with pytest.raises(Unwritable, match="is on a disk that is full") as refused, store.change() as change:
            change.next_number()
        assert "free space" in str(refused.value)
    make_room(full.root)
    with Store(full, only_looks=True) as store:
        assert (store.frozen, len(store.jobs())) == ("", 2)


def test_what_the_file_alone_does_not_have_is_not_left_out(full: Home) -> None:
    """After a crash the newest jobs lie in SQLite's log: half a queue is worse than none."""
    make_room(full.root)
    full.database.with_name("queue.db-wal").write_bytes(os.urandom(100))
    fill(full.root)
    with pytest.raises(Unwritable), Store(full, only_looks=True):
        pass
