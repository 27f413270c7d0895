"""What people see of images that are prepared."""

from __future__ import annotations

import pytest

from scheduler.tracking.readers.any_values import any_values_in
from text_recognizer.data.preparing import counted


def test_of_many_images_a_line_comes_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """A first start on 100,000 lines of writing was silent for minutes; in the log of a job a line each ten seconds is enough."""
    seconds = iter(range(1000))
    assert list(counted(iter(range(25)), 25, clock=lambda: float(next(seconds)))) == list(range(25))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "10 of 25 images prepared after 10 s\n20 of 25 images prepared after 20 s\n")
    assert any_values_in(said.err.splitlines()[0]) == {}, "the log of a job is read for metrics"


def test_what_is_counted_has_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads pages prepares no images."""
    seconds = iter(range(1000))
    list(counted(iter(range(12)), clock=lambda: float(next(seconds)), what="lines read"))
    assert capsys.readouterr().err == "10 lines read after 10 s\n"


def test_of_what_is_quick_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """And an image that cannot be read raises what it raised."""
    assert list(counted(range(9), clock=lambda: 0.0)) == list(range(9))
    with pytest.raises(ZeroDivisionError):
        list(counted(1 // number for number in (1, 0)))
    assert capsys.readouterr().err == ""
