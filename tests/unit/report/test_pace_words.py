"""What people read of `-j auto`."""

from __future__ import annotations

import pytest

from scheduler.pacing.kept import Found
from scheduler.report.pace import standing
from scheduler.report.paced import paced
from scheduler.runner.notices import Paced, PacedBy


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (Paced("/a/train.py", 1, {}, PacedBy.BEGIN), "-j auto: 1 job at a time of `train.py`, to begin with"),
        (Paced("sleep", 3, {3: 1.4}, PacedBy.TRIED), "-j auto: 3 jobs at once of `sleep`, a try (3 at once: x 1.40)"),
        (Paced("", 2, {}, PacedBy.MANY), "-j auto: 2 jobs at once while several programs run; only jobs of one are compared"),
    ],
)
def test_a_change_is_one_line_that_says_of_what_and_why(notice: Paced, line: str) -> None:
    """The number of jobs changes by itself: whoever reads the log in the morning wants to know why."""
    assert paced(notice) == line


@pytest.mark.parametrize("why", PacedBy)
def test_every_reason_has_its_words(why: PacedBy) -> None:
    """A notice without words would end the run that tells it."""
    assert "2 jobs at once" in paced(Paced("a.py", 2, {}, why))


def test_from_outside_a_try_is_told_from_what_is_measured() -> None:
    """The number of now is not yet the one that is found."""
    assert standing("/a/b.py", Found(2, "", now=3)) == "-j auto: 3 jobs at once of `b.py`, a try"
    assert standing("/a/b.py", Found(2, "", now=2)) == "-j auto: 2 jobs at once of `b.py`, measured"
    beside = Found(2, "", settled=True, now=1, beside=True)
    assert standing("/a/b.py", beside) == "-j auto: 1 job at a time of `b.py`, while several programs run"
