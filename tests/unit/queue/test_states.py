"""The table of transitions."""

from __future__ import annotations

import pytest

from scheduler.queue.states import ACTIVE, ENDED, FOLLOWS, SUCCEEDED, WAITING, State


def test_every_state_is_in_exactly_one_group() -> None:
    """A state that no group knows would be waited for, or forgotten, for ever."""
    groups = [*WAITING, *ACTIVE, *ENDED]
    assert sorted(groups) == sorted(State)
    assert SUCCEEDED < ENDED


def test_every_state_can_be_reached_and_none_is_a_trap() -> None:
    """From the queue a job can come to every state, and from every state back into the queue."""
    reached = {State.QUEUED}
    while more := {after for state in reached for after in FOLLOWS[state]} - reached:
        reached |= more
    assert reached == set(State)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.DONE, State.RUNNING),  # one final record per attempt
        (State.DONE, State.FAILED),
        (State.QUEUED, State.RUNNING),  # nothing runs without a begun attempt on disk
        (State.QUEUED, State.DONE),
        (State.RUNNING, State.QUEUED),  # a running job cannot be requeued: it would run twice
        (State.STOPPING, State.RUNNING),
        (State.CANCELLED, State.DONE),
    ],
)
def test_a_transition_that_would_break_a_promise_is_refused(before: State, after: State) -> None:
    """The table is the only way from state to state."""
    assert after not in FOLLOWS[before]


@pytest.mark.parametrize("after", [State.DONE, State.FAILED, State.TIMEOUT, State.CANCELLED, State.LOST, State.STOPPED_EARLY])
@pytest.mark.parametrize("before", [State.STARTING, State.RUNNING, State.STOPPING])
def test_an_attempt_can_end_in_every_way_from_wherever_it_is(before: State, after: State) -> None:
    """A short job ends before it is seen running, and one that is to stop may finish first."""
    assert after in FOLLOWS[before]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.STARTING, State.RUNNING),
        (State.STARTING, State.STOPPING),
        (State.STARTING, State.QUEUED),  # it certainly did not start
        (State.RUNNING, State.STOPPING),
        (State.HELD, State.QUEUED),
        (State.SKIPPED, State.QUEUED),
    ],
)
def test_the_steps_of_an_ordinary_life_are_taken(before: State, after: State) -> None:
    """A table that refused one would end the runner."""
    assert after in FOLLOWS[before]
