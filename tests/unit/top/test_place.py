"""Where somebody stands in a list of jobs that changes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduler.actions.roster import Entry, Page
from scheduler.queue.states import State
from scheduler.top.place import Place
from tests.unit.runner.test_backfill import job


def page(*numbers: int, state: State = State.QUEUED) -> Page:
    return Page(numbers=numbers, entries={number: Entry(replace(job(number), state=state)) for number in numbers})


def test_the_job_that_is_pointed_at_stays_it_while_rows_move() -> None:
    """A key must mean the job on which somebody has put the pointer, wherever that has gone."""
    place = Place(room=5)
    place.turn(page(1, 2, 3))
    place.move(1)
    assert place.pointed == 2
    place.turn(page(7, 8, 1, 3, 2))
    assert (place.pointed, place.near) == (2, 4)
    assert [row.job.number for row in place.rows()] == [2]


def test_where_it_is_gone_its_place_is_pointed_at() -> None:
    """A filter may leave it out."""
    place = Place(room=5)
    place.turn(page(1, 2, 3))
    place.move(1)
    place.turn(page(1, 3))
    assert place.pointed == 3
    place.turn(page())
    assert (place.pointed, place.rows()) == (None, [])
    place.turn(page(5))
    assert place.pointed == 5


def test_a_mark_stays_with_its_job_and_goes_with_it() -> None:
    """What is not to be seen any more is not acted on either."""
    place = Place(room=5)
    place.turn(page(1, 2, 3))
    for _ in range(2):
        place.mark()
        place.move(1)
    assert [row.job.number for row in place.rows()] == [1, 2]
    place.turn(page(2, 3, 1, state=State.HELD))
    assert [(row.job.number, row.job.state) for row in place.rows()] == [(1, State.HELD), (2, State.HELD)]
    place.turn(page(3, 1))
    assert [row.job.number for row in place.rows()] == [1]
    place.go(1)
    place.mark()
    assert (place.pointed, place.marked) == (1, {})


@given(
    lists=st.lists(st.lists(st.integers(1, 30), unique=True), max_size=6),
    moves=st.lists(st.integers(-9, 9), min_size=6),
    room=st.integers(1, 8),
)
def test_what_is_pointed_at_is_always_on_the_screen(lists: list[list[int]], moves: list[int], room: int) -> None:
    """However the list changes."""
    place = Place(room=room)
    for numbers, rows in zip(lists, moves, strict=False):
        before = place.pointed
        place.turn(page(*numbers))
        assert place.pointed == before or before not in numbers
        place.move(rows)
        assert (place.pointed in numbers) if numbers else place.pointed is None
        assert 0 <= place.first <= place.near < place.first + room
