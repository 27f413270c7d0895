"""Work of our own that may take long."""

from __future__ import annotations

import pytest

from scheduler.report.long_work import LOOK, advancing, counted


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


def test_work_that_knows_how_much_it_is_tells_its_share(capsys: pytest.CaptureFixture[str]) -> None:
    """And what it does; of what is quick nothing is said, and of what nobody can count only how long it takes."""
    now = [0.0]
    with advancing(clock=lambda: now[0]) as advance:
        for second, (what, done, of) in enumerate([("checking q.db", 0, 0)] * 12 + [("copying q.db", n, 40) for n in range(40)]):
            now[0] = float(second)
            advance(what, done, of)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[:3] == ["checking q.db, 10 s", "copying q.db: 20%, 20 s", "copying q.db: 45%, 30 s"]
