"""A search in a thread of its own: what it leaves when nobody asks it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from scheduler.linux.readable import readable
from scheduler.sweeps.search.search_thread import Asking
from scheduler.sweeps.trials import Point, Trial
from tests.descriptors import open_files

PATIENCE = 60.0


class Search:
    """Answers with the number itself, as soon as it may."""

    def __init__(self, may: Callable[[], object] = lambda: None) -> None:
        self._may = may

    def ask(self, number: int) -> Point | None:
        self._may()
        return (number,)

    def tell(self, trial: Trial) -> None:
        """Learns nothing."""


def test_a_search_that_is_closed_leaves_nothing_open() -> None:
    """A notebook runs a sweep after another: each left a descriptor, until there were none."""
    before, others = open_files(), threading.enumerate()
    Asking(Search).close()
    used = Asking(Search)
    used.ask(3)
    assert readable([used], PATIENCE)
    assert used.answer() == (3, (3,))
    thread = searching(others)
    used.close()
    thread.join(PATIENCE)
    assert open_files() <= before


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_answer_that_nobody_needs_any_more_is_no_error() -> None:
    """The sweep was over while a model took its seconds."""
    begun, go_on, others = threading.Event(), threading.Event(), threading.enumerate()
    asking = Asking(lambda: Search(lambda: (begun.set(), go_on.wait(PATIENCE))))
    asking.ask(0)
    assert begun.wait(PATIENCE)
    thread = searching(others)
    asking.close()
    go_on.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_what_goes_wrong_in_the_search_is_raised_where_it_is_asked() -> None:
    """A thread has nobody to tell."""

    def broken() -> Search:
        raise ValueError("no such sampler")

    asking = Asking(broken)
    asking.ask(0)
    assert readable([asking], PATIENCE)
    with pytest.raises(ValueError, match="no such sampler"):
        asking.answer()
    asking.close()


def searching(others: Sequence[threading.Thread]) -> threading.Thread:
    (found,) = (each for each in threading.enumerate() if each not in others)
    return found
