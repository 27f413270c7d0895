"""Which signal comes when, on a clock of the test's own."""

from __future__ import annotations

import math
from signal import SIGINT, SIGKILL, SIGTERM

from scheduler.linux import ladder
from scheduler.linux.ladder import KILL_EVERY, Ladder, from_sigint, from_sigterm


def test_nothing_is_due_as_long_as_nothing_is_ended() -> None:
    """A launcher of a job that runs for days must not wake for this."""
    assert ladder.NOT_BEGUN.due == math.inf
    assert not ladder.NOT_BEGUN.is_polite


def test_sigterm_comes_after_the_grace_and_sigkill_after_half_of_it_again() -> None:
    """Who gives ten minutes to save the work knows that the GPU is free after fifteen."""
    assert from_sigint(100.0, 600.0).rungs == ((100.0, SIGINT), (700.0, SIGTERM), (1000.0, SIGKILL))
    assert from_sigterm(100.0, 5.0).rungs == ((100.0, SIGTERM), (105.0, SIGKILL))


def test_each_signal_is_sent_once_but_sigkill_until_nothing_is_left() -> None:
    """A process that is born while the others are killed must not get away."""
    left, sent = from_sigint(0.0, 2.0), []
    for _ in range(5):
        sent.append((left.due, left.number))
        left = left.sent(left.due)
    again = [3.0, 3.0 + KILL_EVERY, 3.0 + KILL_EVERY + KILL_EVERY]
    assert sent == [(0.0, SIGINT), (2.0, SIGTERM), *((when, SIGKILL) for when in again)]


def test_another_grace_counts_from_now_and_sends_nothing_twice() -> None:
    """What saves its work on SIGTERM must not begin anew in the middle of it; before, it is still asked."""
    whole = from_sigint(0.0, 600.0)
    assert whole.sent(0.0).hurried(10.0, 4.0).rungs == ((14.0, SIGTERM), (16.0, SIGKILL))
    after_sigterm = whole.sent(0.0).sent(600.0)
    assert not after_sigterm.is_polite
    assert after_sigterm.hurried(610.0, 4.0).rungs == ((614.0, SIGKILL),)


def test_a_signal_that_could_not_be_sent_comes_again_and_before_the_next() -> None:
    """A full table of descriptors for a second must not turn a request to end into a kill."""
    late = from_sigterm(0.0, 5.0).postponed(9.0)
    assert late.rungs == ((9.0 + KILL_EVERY, SIGTERM), (5.0, SIGKILL))


def test_who_asks_once_more_does_not_put_off_the_kill() -> None:
    """Ctrl-C again and again would keep a deaf process alive for ever."""
    assert Ladder(((5.0, SIGKILL),)).asked_again(4.0).rungs == ((4.0, SIGTERM), (5.0, SIGKILL))


def test_what_is_said_of_the_first_signal_is_what_comes_next() -> None:
    """Who waits for the end of a stop should not have to guess."""
    assert ladder.announced(90.0) == "SIGINT is sent; it has 90 s to save its work, then SIGTERM follows"
    assert ladder.announced(0.0) == "SIGINT is sent; SIGKILL follows at once"
