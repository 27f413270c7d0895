"""Lines that are drawn anew at the end of a terminal: what the terminal shows of them."""

from __future__ import annotations

import io
import re

import pytest

from scheduler.report.job_cells import Line
from scheduler.report.painter import Painter, painting
from scheduler.report.screen import Screen
from scheduler.terminal import can_paint

LASTING = re.compile(r"\x1b\[\?(\d+)([hl])")  # modes that stay until they are taken back


def words(line: Line) -> str:
    return "".join(text for text, _ in line)


def lines(*texts: str) -> list[Line]:
    return [((text, ""),) for text in texts]


def shown(output: io.StringIO) -> list[str]:
    """What a terminal shows of all that was written."""
    screen = Screen()
    screen.write(LASTING.sub("", output.getvalue()))
    return screen.rest().rstrip("\n").split("\n")


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def painter(output: io.StringIO) -> Painter:
    return Painter(output, words)


def test_a_frame_takes_the_place_of_the_one_before(painter: Painter, output: io.StringIO) -> None:
    """Also where it is smaller."""
    painter.draw(lines("one", "two", "three"))
    painter.draw(lines("four", "five"))
    assert shown(output) == ["four", "five"]


def test_text_goes_above_the_frame_in_whole_lines(painter: Painter, output: io.StringIO) -> None:
    """What is printed while the view is up must not land in the middle of it."""
    painter.draw(lines("frame"))
    painter.write("first\nsec")
    assert shown(output) == ["first", "frame"]
    painter.write("ond\n")
    painter.draw(lines("frame", "grows"))
    assert shown(output) == ["first", "second", "frame", "grows"]


def test_a_line_above_that_is_shorter_than_the_row_there_leaves_nothing_of_it(painter: Painter, output: io.StringIO) -> None:
    """The frame's first row was there."""
    painter.draw(lines("a long row of the frame"))
    painter.write("short\n")
    assert shown(output) == ["short", "a long row of the frame"]


def test_a_closed_view_leaves_its_lines_above_and_nothing_else(painter: Painter, output: io.StringIO) -> None:
    """Then comes the table; a line without an end is not lost."""
    painter.draw(lines("frame"))
    painter.write("kept\nhalf")
    painter.close()
    assert shown(output) == ["kept", "half"]


def test_the_same_frame_is_not_drawn_again(painter: Painter, output: io.StringIO) -> None:
    """Nothing travels over a slow line for nothing."""
    painter.draw(lines("frame"))
    written = output.getvalue()
    painter.draw(lines("frame"))
    assert output.getvalue() == written


def test_whatever_is_changed_of_the_terminal_is_as_it_was_after_every_write(output: io.StringIO) -> None:
    """Whoever is killed between two frames leaves a terminal that shows its cursor and wraps its lines."""
    states: list[dict[str, str]] = []

    class Terminal(io.StringIO):
        def write(self, text: str) -> int:
            states.append(dict(LASTING.findall(text)))
            return super().write(text)

    painter = Painter(Terminal(), words)
    painter.draw(lines("one"))
    painter.write("above\n")
    painter.close()
    assert len(states) == 3
    assert all(value == "h" for state in states for value in state.values())
    assert all("\x1b[?1049" not in str(state) for state in states)


def test_styles_are_those_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR is a wish of the user's, and a text stays itself whatever its style."""
    pytest.importorskip("rich", reason="the extra `ui` is not installed")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    line = (("x[bold]", "green"), ("y", ""))
    assert painting()(line) == "\x1b[32mx[bold]\x1b[0my"
    monkeypatch.setenv("NO_COLOR", "1")
    assert painting()(line) == "x[bold]y"


def test_what_is_no_terminal_is_not_drawn_on(output: io.StringIO) -> None:
    """A file, and a stream that is closed."""
    assert not can_paint(output)
    output.close()
    assert not can_paint(output)
