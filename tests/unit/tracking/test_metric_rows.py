"""The metric log, read while it grows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from growing import rows_of
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tracking.metric_log import MetricRows, Unread, parsed, unread
from scheduler.tracking.readers.appended import PIECE
from scheduler.tracking.readers.rows import Row

LINES = [
    b'{"_config": {"lr": 1}, "_objective": {"name": "loss", "goal": "minimize"}}\n',
    b'{"_step": 1, "_time": 2.5, "loss": 0.5}\r\n',
    b"not json\n[1]\n\xff\n\n",
    b'{"_step": "x", "val": {"loss": NaN}, "n": "t\xc3\xa9xt"}\n',
    b'{"loss": 0.25}',
]
STEPS = [1, None, None]


@given(st.lists(st.integers(0, sum(map(len, LINES))), max_size=6))
def test_any_split_into_reads_gives_the_same_rows(cuts: list[int]) -> None:
    """A reader wakes in the middle of lines, of numbers and of characters."""
    found = rows_of(b"".join(LINES), cuts, MetricRows)
    assert [row.step for row in found] == STEPS
    assert [list(row.values) for row in found] == [["loss"], ["val", "n"], ["loss"]]


def test_an_unfinished_line_is_no_row_before_the_end() -> None:
    """Half a number is another number."""
    content = b'{"loss": 0.25}\n{"loss": 12}'
    assert rows_of(content, range(len(content)), MetricRows, finish=False) == [Row(None, {"loss": 0.25})]


def test_a_time_in_whole_seconds_is_a_time() -> None:
    """`date +%s` is what a shell script has."""
    rows = rows_of(b'{"_time": 7, "loss": 1}\n{"_time": true, "loss": 1}\n', [], MetricRows)
    assert [row.time for row in rows] == [7, None]


def test_a_log_that_is_written_anew_is_read_anew(tmp_path: Path) -> None:
    """A script that opens its log with "w" in a second phase has not become silent."""
    path = tmp_path / "log"
    path.write_bytes(b'{"loss": 1}\n{"loss": 2}\n')
    reader = MetricRows(path)
    assert len(reader.read()) == 2
    path.write_bytes(b'{"loss": 3}\n')
    assert reader.read() == [Row(None, {"loss": 3})]


def test_rows_after_an_endless_line_are_still_read(tmp_path: Path) -> None:
    """One broken line must not blind the reader for the rest of the run."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * (PIECE + 10) + b'\n{"loss": 3}\n')
    reader = MetricRows(path)
    assert reader.read() == []
    assert reader.behind
    assert reader.read() == [Row(None, {"loss": 3})]


def test_wanted_names_leave_out_other_rows(tmp_path: Path) -> None:
    """The filter works on lines, and the wanted row is whole."""
    path = tmp_path / "log"
    path.write_text(json.dumps({"acc": 1}) + "\n" + json.dumps({"acc": 1, "loss": 2}) + "\n")
    assert MetricRows(path, ["loss"]).read() == [Row(None, {"acc": 1, "loss": 2})]


@pytest.mark.parametrize("word", ["nan", "-nan", "NAN", "+nan", "inf", "+Inf", "-inf", "Infinity", "-INFINITY", "-infinity"])
def test_what_is_no_number_is_read_as_other_languages_print_it(word: str) -> None:
    """A training in C that diverges prints `nan`: its row was passed over, and its loss stood at the last good value."""
    for text in (f'{{"loss":{word}}}', f'{{"a": [1, {word}], "loss" : {word} , "b": 2}}'):
        value = (parsed(text.encode()) or {})["loss"]
        assert math.isnan(value) if "nan" in word.lower() else value == float(word)
    assert parsed(f'{{"loss": {word}, "said": "the loss is {word}"}}'.encode()) is not None


@pytest.mark.parametrize("line", [b'{"loss": nano}', b'{"loss": info}', b"{nan: 1}", b'{"loss": nan', b"nan", b'{"a": "x, nan,}'])
def test_what_only_looks_like_such_a_number_is_no_row(line: bytes) -> None:
    """A word that is made up would be a wrong result."""
    assert parsed(line) is None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"loss": 1}\n\n{"loss": nan}\n', None),
        (b'{"loss": 1}\nloss: 2\n[3]\n{"loss": 4}\n{"loss"', Unread(2, 2)),
        (b"\xff\n", Unread(1, 1)),
        (b"", None),
    ],
)
def test_lines_that_are_no_rows_are_counted_but_for_one_that_is_being_written(
    tmp_path: Path, content: bytes, found: Unread | None
) -> None:
    """They are passed over, so somebody must be told."""
    (tmp_path / "log").write_bytes(content)
    assert unread(tmp_path / "log") == found
    assert unread(tmp_path) is None
    assert unread(tmp_path / "none") is None
