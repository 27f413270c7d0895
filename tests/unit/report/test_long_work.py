"""Work of our own that may take long."""

from __future__ import annotations

import pytest

from scheduler.report.long_work import LOOK, counted


def test_what_is_counted_is_what_comes_through() -> None:
    """In its order, one by one: nothing is read ahead."""
    taken: list[int] = []

    def work():
        for number in range(200):
            taken.append(number)
            yield number

    counting = counted(work(), "experiments")
    assert next(counting) == 0
    assert taken == [0]
    assert list(counting) == list(range(1, 200))


def test_of_what_is_quick_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A word for each small file would be noise."""
    assert len(list(counted(range(LOOK * 3), "experiments"))) == LOOK * 3
    assert capsys.readouterr().err == ""


def test_of_what_takes_long_a_line_comes_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """In a file or a pipe; a clock of our own, which a second passes at every look."""
    seconds = iter(range(1000))
    assert len(list(counted(range(LOOK * 25), "experiments", clock=lambda: float(next(seconds))))) == LOOK * 25
    assert capsys.readouterr().err == "640 experiments so far, 10 s\n1,280 experiments so far, 20 s\n"
