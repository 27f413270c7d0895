"""What a launcher writes about a tree between two looks, and how often: pure."""

from __future__ import annotations

from scheduler.launcher.system_log import EVERY, MIB, STEP, Look, pace, row
from scheduler.linux.tree_use import Use

WEEK = 7 * 24 * 3600


def test_a_row_has_what_was_used_each_second_and_what_is_held_now() -> None:
    """Counters of a whole life say nothing of a moment; memory is of the moment."""
    before = Look(10.0, Use(cpu=3.0, read=0, written=100), (1000, 50))
    now = Look(15.0, Use(cpu=12.0, read=500, written=1100, rss=512 * MIB, pss=300 * MIB, processes=3, threads=9), (2000, 50))
    assert row(before, now) == {
        "cpu.use": 1.8,
        "memory.rss": 512.0,
        "memory.used": 300.0,
        "processes": 3,
        "threads": 9,
        "disk.read": 100,
        "disk.written": 200,
        "machine.network.received": 200,
        "machine.network.sent": 0,
    }


def test_what_was_not_measured_is_missing_and_never_zero() -> None:
    """The share of pages is dear and measured rarely; the first look has no network before it."""
    found = row(Look(0.0, Use()), Look(5.0, Use(rss=MIB), (7, 7)))
    assert {"memory.used", "machine.network.received"}.isdisjoint(found)


def test_a_counter_that_has_fallen_is_no_use() -> None:
    """Whoever ignores the end of its children loses their figures: that is not minus three cores."""
    found = row(Look(0.0, Use(cpu=20.0, read=9, written=9)), Look(5.0, Use(cpu=5.0)))
    assert (found["cpu.use"], found["disk.read"], found["disk.written"]) == (0.0, 0, 0)


def grown(seconds: float, width: int) -> int:
    """The size of a file with rows of `width` bytes after so many seconds."""
    size, now = 0, 0.0
    while now < seconds:
        now += pace(EVERY, size)
        size += width
    return size


def test_the_file_of_a_week_stays_small() -> None:
    """A row each 5 s would be 36 MB in a week, which nobody looks at."""
    assert 6 * STEP < grown(WEEK, 300) < 2_000_000
    assert grown(WEEK, 2000) < 3_000_000, "with eight GPUs in each row"
    assert grown(3600, 300) == 720 * 300, "an hour is kept whole"
