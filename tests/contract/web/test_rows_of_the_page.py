"""What of the list of runs is read anew."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.home import Home
from scheduler.queue.chosen import of_numbers
from scheduler.queue.job import Job
from scheduler.queue.remarks import annotate
from scheduler.queue.store import Store
from scheduler.web.feed import Feed
from scheduler.web.table import Table
from tests.contract.web.conftest import done


def test_what_somebody_has_changed_is_read_anew_and_nothing_else(store: Store, filled: Callable[..., list[Job]]) -> None:
    """Of a thousand runs one has a new note: to read all of them again would take half a second, at each change."""
    jobs = filled([0.1, 0.2, 0.3], done)
    table = Table()
    assert table.changed(store) == ({job.id for job in jobs}, set())
    assert table.changed(store) == (set(), set())
    with store.change() as change:
        annotate(change, of_numbers([jobs[1].number]), "look here")
    assert table.changed(store) == ({jobs[1].id}, set())
    with store.change() as change:
        change.ask_again(jobs[2].id, "retry")
    assert table.changed(store) == ({jobs[2].id}, set())


def test_the_newest_runs_are_shown_where_there_are_too_many(store: Store, filled: Callable[..., list[Job]]) -> None:
    """A browser does not bear a hundred thousand rows; how many there are is said."""
    jobs = filled([0.1, 0.2, 0.3], done)
    table = Table(most=2)
    changed, _ = table.changed(store)
    table.take(store, changed, {})
    found = table.document()
    assert {run["id"] for run in found["runs"]} == {job.id for job in jobs[1:]}
    assert found["total"] == 3
    (newest,) = filled([0.4], done)
    changed, gone = table.changed(store)
    assert (changed, gone) == ({newest.id}, {jobs[1].id})


def test_a_run_that_is_gone_does_not_come_back_with_its_last_points(
    home: Home, store: Store, filled: Callable[..., list[Job]]
) -> None:
    """One that runs while thousands are submitted is none of the newest any more: it stood there as running for ever."""
    (job,) = filled([0.1], done)
    feed = Feed(home)
    feed._tell(store, {job.id}, set(), {})
    assert feed._table.of(job.id) is not None
    feed._tell(store, set(), {job.id}, {job.id: {"anew": True}})
    assert feed._table.of(job.id) is None
