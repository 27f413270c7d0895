"""The last lines of a log."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.actions.logs import BLOCK, whole
from scheduler.attempt_files import LOG
from scheduler.queue.job import Attempt


def last(folder: Path, log: bytes, lines: int | None) -> bytes:
    (folder / LOG).write_bytes(log)
    return b"".join(whole(Attempt("job", 1, "launcher", str(folder), 0.0), lines))


@pytest.mark.parametrize(
    ("log", "lines", "shown"),
    [
        (b"a\nb\nc\n", 2, b"b\nc\n"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\nb\n", 5, b"a\nb\n"),
        (b"a\nb\n", 0, b""),
        (b"", 3, b""),
        (b"\n\n", 1, b"\n"),
        (b"a\nb\n", None, b"a\nb\n"),
        (b"x" * BLOCK + b"\n" + b"y" * 3 * BLOCK + b"\nz\n", 2, b"y" * 3 * BLOCK + b"\nz\n"),
        (b"\n" * 2 * BLOCK, BLOCK + 1, b"\n" * (BLOCK + 1)),
    ],
)
def test_so_many_lines_are_shown_as_were_asked_for(tmp_path: Path, log: bytes, lines: int | None, shown: bytes) -> None:
    """As `tail -n` counts them, also across the blocks that are read."""
    assert last(tmp_path, log, lines) == shown


@given(st.lists(st.sampled_from([b"a", b"\n", b"b" * (BLOCK // 2 - 1)]), max_size=12).map(b"".join), st.integers(0, 6))
def test_any_log_is_cut_before_its_last_lines(tmp_path_factory: pytest.TempPathFactory, log: bytes, lines: int) -> None:
    """The rule, against the obvious way to say it."""
    ends = log.splitlines(keepends=True)
    assert last(tmp_path_factory.mktemp("log"), log, lines) == b"".join(ends[len(ends) - min(lines, len(ends)) :])
