"""Progress bars in logs: what a terminal would show, in bounded memory, and nothing that steers one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.report.log_view import TAILS, followed, last_lines, live, shown
from scheduler.report.screen import WIDEST, Screen

BARS = "".join(f"\r{step}/5000 loss {1 / (step + 1):.3f}" for step in range(5000)) + "\nfinal acc 0.91\n"


def in_the_end(output: str) -> str:
    return b"".join(shown([output.encode()])).decode()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (BARS, "4999/5000 loss 0.000\nfinal acc 0.91\n"),
        ("50%|##  |\r100%|####|\r          \rdone\n", "done\n"),  # a bar that wipes itself out
        ("a long state\rshort\x1b[K\n", "short\n"),
        ("a long state\x1b[2K\rshort\n", "short\n"),
        ("a long state\x1b[1K\n", "\n"),
        ("abc\b\b\bx\n", "xbc\n"),
        ("outer 0%\n\rinner 0%\x1b[A\n\rinner 100%\x1b[A\router 100%\n\n", "outer 100%\ninner 100%\n"),  # nested, as tqdm does it
        ("one\ntwo\x1b[1A\x1b[2K\rONE\n\x1b[2Ktwo\n", "ONE\ntwo\n"),
        ("a\nb\nc\x1b[2F\x1b[Jd\n", "d\n"),
        ("\x1b[32m 50%\x1b[0m\r\x1b[32m100%\x1b[0m\n", "\\x1b[32m100%\\x1b[0m\n"),  # colours go with what they colour
        ("\x1b]0;owned\x07\x1b[2J\x1b[Hx\n", "\\x1b]0;owned\\x07\\x1b[2J\\x1b[Hx\n"),
        ("漢字\rab\n", "ab字\n"),
        ("漢字\ra\n", "a 字\n"),
        ("a\x1b[3Cb\x1b[Gc\r\n", "c   b\n"),
        ("\x1b[99999999999A\x1b[99999999999Cx", " " * WIDEST + "x"),
        ("no end of line", "no end of line"),
        ("dos\r\nlines\r\n", "dos\nlines\n"),
        ("the end \x1b[", "the end \\x1b["),
    ],
)
def test_what_is_shown_is_what_a_terminal_shows(output: str, expected: str) -> None:
    """5,000 updates of a bar are one line."""
    assert in_the_end(output) == expected


PIECES = st.sampled_from(
    ["\r", "\n", "\b", "\x1b[A", "\x1b[2K", "\x1b[", "\x1b", "31m", "ab", "漢", "e\u0301", "\x07", "\u202e", " ", "2B", "\x1b[3"]
)


@given(st.lists(PIECES, max_size=40).map("".join), st.integers(1, 7))
def test_it_does_not_matter_where_a_read_ends_and_nothing_steers_a_terminal(output: str, size: int) -> None:
    """A read may end within a character, or within a sequence."""
    data = output.encode()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    text = b"".join(shown(pieces)).decode()
    assert text == in_the_end(output)
    assert "".join(text.split("\n")).isprintable()
    assert "".join(b"".join(followed(pieces)).decode().split("\n")).isprintable()


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]) | st.just("\n"), max_size=200))
def test_an_output_without_bars_stays_as_it_is(output: str) -> None:
    """Nearly all of all logs."""
    assert in_the_end(output) == output
    assert b"".join(followed([output.encode()])).decode() == output


@pytest.mark.parametrize("piece", ["x" * 100, "\x1b[31m", "\x1b[31m\b", "x\n", "漢\r\x1b[B", "\x1b[C", "\x1b[3"])
def test_the_memory_for_an_endless_output_is_bounded(piece: str) -> None:
    """A log may have a hundred gigabytes and not one end of a line."""
    screen = Screen()
    for _ in range(2000):
        screen.write(piece * 100)
        screen.gone()
    assert len(screen.rest()) <= 3 * WIDEST


def test_without_a_terminal_a_follower_gets_finished_lines_at_once_and_of_a_bar_its_last_state() -> None:
    """A file or a pipe cannot be changed afterwards."""
    pieces = [b"begun\n", b"\r 1%", b"\r 2%", b"\r100%\n", b"outer 0%\n\rinner", b"\x1b[A\router 9%", b"\n\rINNER\n", b"over"]
    assert list(followed(pieces)) == [
        *(b"begun\n", b"", b"", b"100%\n", b"outer 0%\n", b"", b"outer 9%\n", b"", b"", b"INNER\nover"),
    ]
    assert b"".join(followed(pieces)) == b"begun\n100%\nouter 0%\nouter 9%\nINNER\nover"
    assert next(followed(pieces)) == b"begun\n"
    nested = [b"a 0%\n\rb 0%\x1b[A", b"\ra 1%\n", b"\rb 1%\x1b[A", b"\ra 2%\n\rb 2%\x1b[A\n\n"]
    assert b"".join(followed(nested)) == b"a 2%\nb 2%\n"  # once it is known that something goes back, lines wait for that


def test_on_a_terminal_a_bar_is_drawn_in_its_place() -> None:
    """A line that still changes is wiped out and drawn anew, cut to the terminal; a finished one is whole."""
    found = list(live([b"a long line\n 1%", b"\r 2%", b"\n0123456789abc"], os.terminal_size((11, 5))))
    assert found[0] == b"a long line\n 1%"
    assert found[1:3] == [b"\r\x1b[J 2%", b"\r\x1b[J 2%\n0123456789"]
    assert found[-1] == b"\r\x1b[J0123456789abc"
    assert next(live([b"a\tb\tc"], os.terminal_size((11, 5)))) == b"a       b "  # a wider row would leave its end behind


def test_the_last_lines_are_those_before_a_bar_too(tmp_path: Path) -> None:
    """Whoever looks why a job failed wants the error, and not five states of a bar."""
    path = tmp_path / "log.txt"
    path.write_text("the error\n" + BARS * 3 + "\r50%")
    assert path.stat().st_size > TAILS[0]
    bar = ["4999/5000 loss 0.000", "final acc 0.91"]
    assert last_lines(path, 8) == ["the error", *bar * 3, "50%"]
    assert last_lines(path, 2) == ["final acc 0.91", "50%"]
    assert last_lines(tmp_path / "none", 2) == []
