"""The watch that every test keeps over a process that is not ours: it must see what is done to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.bystander import Bystander


@pytest.fixture
def watched() -> Iterator[Bystander]:
    process = Bystander()
    yield process
    process.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT])
def test_a_signal_that_does_no_harm_is_seen(watched: Bystander, number: signal.Signals) -> None:
    """A stray signal kills some processes and not others: surviving it proves nothing."""
    assert watched.fate() == ""
    os.kill(watched.pid, number)
    assert watched.fate() == f"the bystander was sent {number.name}"


def test_a_kill_is_seen(watched: Bystander, until) -> None:
    """The one signal that nobody can block."""
    os.kill(watched.pid, signal.SIGKILL)
    until(lambda: watched.fate() == "the bystander was killed (-9)")


def test_a_group_that_is_signalled_is_seen(watched: Bystander) -> None:
    """Whole groups are what a scheduler signals most."""
    os.killpg(watched.pid, signal.SIGTERM)
    assert "SIGTERM" in watched.fate()
