"""Texts for people."""

from __future__ import annotations

import io
import json

import pytest

from scheduler.report.log_view import shown
from scheduler.report.tables import print_json, print_table
from scheduler.report.text import (
    duration,
    number,
    place,
    plural,
    safe,
    shortened,
)


def test_durations_read_well() -> None:
    """Tired people read them."""
    read = [duration(s) for s in (None, 0.04, 9.99, 59.6, 61, 3720)]
    assert read == ["", "0.0 s", "10.0 s", "1 min 00 s", "1 min 01 s", "1 h 02 min"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),  # sets a terminal's title
        ("\x1b[2J", "\\x1b[2J"),  # clears the screen
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),  # shows the rest backwards
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x9b31m", "\\x9b31m"),  # the one-byte form of ESC [
        ("\ud800", "\\ud800"),
        ("größe 漢字 ✓", "größe 漢字 ✓"),
    ],
)
def test_nothing_that_steers_a_terminal_gets_through(text: str, expected: str) -> None:
    """A log or a configuration value must not take over the terminal of whoever looks at it."""
    assert safe(text) == expected


def test_logs_keep_their_lines_and_split_characters() -> None:
    """A character that lies across two reads is still one; a carriage return goes back to the beginning of its line."""
    pieces = ["grö".encode()[:3], "grö".encode()[3:] + b"\xff|\r|\r\n"]
    assert b"".join(shown(pieces)).decode() == "|rö\ufffd|\n"
    assert b"".join(shown([b"a\tb\n\x1b"])) == b"a\tb\n\\x1b"


def test_numbers_and_nouns() -> None:
    """Four digits are enough for a table; texts stay texts."""
    values = [number(v) for v in (0.123456, 3, float("nan"), "x\x1b", None, True)]
    assert values == ["0.1235", "3", "nan", "x\\x1b", "", "True"]
    assert [number(v) for v in (10**14, 10**400, -(10**5000) - 1)] == ["100000000000000", "1.000e+400", "-1.000e+5000"]
    assert [plural(1, "job"), plural(2, "job")] == ["1 job", "2 jobs"]
    assert [shortened("abc", 3), shortened("abcd", 3)] == ["abc", "ab…"]


def test_a_table_in_a_pipe_is_never_cut_and_drops_empty_columns() -> None:
    """What `grep` reads must be whole."""
    out = io.StringIO()
    long = "x" * 500
    print_table([{"id": "1", "none": "", "text": f"[bold]{long}"}, {"id": "2", "none": "", "text": "漢字"}], out)
    lines = out.getvalue().splitlines()
    assert [line.split() for line in lines] == [["id", "text"], ["1", f"[bold]{long}"], ["2", "漢字"]]


class Terminal(io.StringIO):
    """A file that says it is a terminal; its width comes from the variable COLUMNS."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_widest_column_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapped table cannot be read; ids and numbers stay whole. Wide characters count twice."""
    monkeypatch.setenv("COLUMNS", "24")
    out = Terminal()
    print_table([{"id": "1234", "text": "x" * 40, "n": "7"}, {"id": "5", "text": "漢" * 20, "n": "8"}], out)
    assert out.getvalue().splitlines() == ["id    text             n", "1234  " + "x" * 14 + "…  7", "5     " + "漢" * 7 + "…  8"]


def test_what_a_narrow_terminal_has_no_room_for_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each column that was left must not look like all there is."""
    monkeypatch.setenv("COLUMNS", "20")
    out = Terminal()
    print_table([{"trial": "1", "lr": "0.0123456", "loss": "0.98765432", "time": "12 h 34 min"}], out)
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["trial", "1"]
    assert max(map(len, out.getvalue().splitlines())) <= 20
    assert capsys.readouterr().err == "no room here for loss, time: a wider terminal has them, and a pipe\n"


def test_json_is_standard_json_and_keeps_diverged_values() -> None:
    """Every parser can read it, also one that knows no NaN; a diverged value is a result too."""
    out = io.StringIO()
    print_json([{"ü": [float("nan"), float("-inf"), 0.5, None]}], out)
    assert out.getvalue().isascii()
    assert json.loads(out.getvalue(), parse_constant=lambda name: pytest.fail(name)) == [{"ü": ["NaN", "-Infinity", 0.5, None]}]


def test_a_step_is_told_with_all_its_digits() -> None:
    """Of `at step 1.235e+06` nobody finds the checkpoint."""
    assert [place(at) for at in (0, 1234567, 1234567.0, 0.5)] == ["0", "1234567", "1234567", "0.5"]
