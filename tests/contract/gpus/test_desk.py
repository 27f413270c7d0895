"""The desk for GPUs: real readings of the fake driver, real claims, a real mutex."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fake_driver import FakeDriver, gpu_lines

from scheduler.gpus.claims import Claim
from scheduler.gpus.desk import EAGER_TICK, Desk
from scheduler.gpus.directory import lock_directory
from scheduler.gpus.placement import Placement, Refusal, Request
from scheduler.gpus.sampler import TICK, Sampler, first_reading
from scheduler.gpus.settings import settings_from
from scheduler.gpus.view import View


@pytest.fixture
def opened(driver: FakeDriver) -> Iterator[Callable[[], Desk]]:
    """A desk that has heard of one GPU."""
    driver.shows(*gpu_lines(1))
    with ExitStack() as desks:

        def one() -> Desk:
            desk = desks.enter_context(Desk(Sampler(), settings_from(), lock_directory(), patience=5.0))
            first_reading(desk.sampler)
            desk.refresh()
            return desk

        yield one


def whole(view: View) -> Placement | Refusal:
    return view.place(Request())


def test_what_was_free_at_the_look_is_refused_where_somebody_was_quicker(opened) -> None:
    """Two who have seen the same free GPU must not both have it: what counts is decided under the mutex."""
    quick, slow = opened(), opened()
    quick_view, slow_view = quick.look(), slow.look()
    assert isinstance(whole(slow_view), Placement)
    claim = quick.take(quick_view, whole, "the quick one")
    assert isinstance(claim, Claim)
    answer = slow.take(slow_view, whole, "the slow one")
    assert isinstance(answer, Refusal)
    assert "held by the quick one" in answer.sentence
    claim.close()


def test_the_end_of_a_claim_wakes_whoever_rests_and_has_him_look_often(opened) -> None:
    """Its memory comes back a moment later, and the driver does not say when."""
    holder = opened()
    claim = holder.take(holder.look(), whole, "the holder")
    assert isinstance(claim, Claim)
    waiting = opened()
    assert waiting.tick() == TICK
    claim.close()
    begun = time.monotonic()
    while waiting.tick() == TICK and time.monotonic() - begun < 60:
        waiting.rest(60)
        waiting.refresh()
    assert waiting.tick() == EAGER_TICK


def test_what_lies_among_the_claims_and_is_none_is_there_to_be_told(opened) -> None:
    """Whoever waits behind it would otherwise look for a claim that nobody holds."""
    desk = opened()
    desk.look()
    assert not desk.lying
    (desk.directory / "pipe.claim").mkdir()
    assert isinstance(whole(desk.look()), Placement)
    (sentence,) = desk.lying.values()
    assert "pipe.claim" in sentence
