"""How often a person presses Ctrl-C, and what each time means."""

from __future__ import annotations

import signal

import pytest

from scheduler.runner.attempts import HungUp
from scheduler.runner.interrupts import Interrupts
from scheduler.runner.plan import Stop


def test_the_first_drains_the_second_stops_and_at_the_third_we_leave() -> None:
    """Who presses it once wants his results; who presses it three times wants his terminal."""
    interrupts, seen = Interrupts(), []
    for _ in range(2):
        assert interrupts.hear(signal.SIGINT)
        seen.append((interrupts.times, interrupts.stop))
    assert seen == [(1, Stop.DRAIN), (2, Stop.NOW)]
    with pytest.raises(HungUp, match="SIGINT"):
        interrupts.hear(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_leave_needs_no_second(number: signal.Signals) -> None:
    """A terminal that is gone presses nothing again."""
    with pytest.raises(HungUp) as left:
        Interrupts().hear(number)
    assert left.value.number == number


def test_other_signals_change_nothing() -> None:
    """Python passes on the number of each that it handles, that of an ended child among them."""
    interrupts = Interrupts()
    assert not interrupts.hear(signal.SIGCHLD)
    assert (interrupts.times, interrupts.stop) == (0, Stop.NO)
