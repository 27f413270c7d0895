"""Reads metrics that a program prints: `name: value` and `name=value`, several on a line if it likes.

A row is a line that holds one of the wanted names with a number (`printed_values`). Of a line that is rewritten in place, as
progress bars do with carriage returns, only the last state that is not blank counts: what a terminal would show in the end. So a
bar that shows `loss=0.5` for every batch makes one row, and early stopping counts epochs, not batches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from scheduler.tracking.readers.any_values import any_values_in
from scheduler.tracking.readers.appended import Appended, FileReader
from scheduler.tracking.readers.printed_values import (
    NearMiss,
    names_in,
    near_misses,
    values_in,
    written_otherwise,
)
from scheduler.tracking.readers.rows import Row

LONGEST = 1 << 20  # bytes of one state of a line; more is no line that a person would read
MOST_NAMES = 64  # that are read without having been asked for
_ANY = re.compile(  # the beginning of a name with its number, perhaps
    rb"""[\w.)][*"']{0,3}[ \t]{0,9}[:=][ \t]{0,9}[\w.]{0,40}[(\["'+-]{0,4}[ ]?(?:\.?\d|nan|inf|NaN|Inf)"""
)
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")  # ECMA-48


class PrintedRows(FileReader):
    """The rows in a log of standard output. The log may be cut in its middle or from its start while it is read.

    The values of a row are numbers by wanted name; NaN and infinities are kept. A line of which a part was cut is passed over.
    With `everything`, which no names at all mean too, also what else looks like a metric (`any_values`), of MOST_NAMES names.
    """

    def __init__(self, path: Path, wanted: Sequence[str], *, everything: bool = False) -> None:
        super().__init__(Appended(path, holes=True))
        names = [re.escape(name.encode()) for name in wanted]
        self._everything = everything or not wanted
        self._name = re.compile(b"|".join([*names, _ANY.pattern] if self._everything else names))
        self._wanted, self._unasked = tuple(wanted), set[str]()
        self.near: dict[str, NearMiss] = {}  # the first of each kind in lines that hold a wanted name
        self._line: bytes | None = b""  # what is there of the last line; None: its beginning is lost, wait for the next

    def read(self) -> list[Row]:
        """The rows whose lines ended since the last call."""
        data = self._file.look()
        if self._file.broken:
            self._line = b"" if self._file.offset == 0 else None
        self._file.offset += len(data)
        return self._rows(self._whole_lines(data))

    def finish(self, cut: bool = False) -> list[Row]:
        """The rest; a last line without a newline counts, unless it may be `cut`: 0.1 may have been about to become 0.125."""
        found = self.read()
        while self._file.behind:
            found += self.read()
        last, self._line = self._line or b"", b""
        return found if cut else found + self._rows(last)

    def _whole_lines(self, data: bytes) -> bytes:
        """The lines that `data` completes; the rest is remembered."""
        if self._line is None:
            _, newline, data = data.partition(b"\n")
            if not newline:
                return b""
        whole, newline, rest = (data if self._line is None else self._line + data).rpartition(b"\n")
        line = _last_states(rest)
        self._line = line if len(line) <= 2 * LONGEST else None
        return whole + newline

    def _rows(self, lines: bytes) -> list[Row]:
        """A look for the names first, in C, since most of a large log says nothing of them."""
        found, done = [], 0
        for match in self._name.finditer(lines):
            if match.start() < done:
                continue
            start, end = lines.rfind(b"\n", 0, match.start()) + 1, lines.find(b"\n", match.end())
            done = len(lines) if end < 0 else end
            row = self._row(lines[start:done])
            found += [row] if row else []
        return found

    def _row(self, line: bytes) -> Row | None:
        if b"\0" in line:  # a small hole: part of the line was cut
            return None
        text = _shown(line)
        values = values_in(text, self._wanted) if self._wanted else {}
        if len(values) < len(self._wanted):
            for miss in near_misses(text, self._wanted):
                self.near.setdefault(miss.why, miss)
        values = {**self._others(text), **values} if self._everything else values
        return Row(None, values) if values else None

    def _others(self, text: str) -> dict[str, float]:
        found = any_values_in(text)
        room = MOST_NAMES - len(self._unasked)
        self._unasked.update([name for name in found if name not in self._unasked][:room])
        return {name: value for name, value in found.items() if name in self._unasked}


def names_written_otherwise(path: Path, wanted: Sequence[str]) -> list[NearMiss]:
    """What a person would take for a wanted metric in the beginning of a log; the first of each kind."""
    found: dict[str, NearMiss] = {}
    for line in Appended(path, holes=True).look().split(b"\n"):
        for miss in written_otherwise(_shown(line), wanted):
            found.setdefault(miss.why, miss)
    return list(found.values())


def names_printed(path: Path) -> set[str]:
    """The names that the beginning of a log gives numbers for."""
    lines = Appended(path, holes=True).look().split(b"\n")
    return {name for line in lines for name in names_in(_shown(line))}


def _shown(line: bytes) -> str:
    """What a terminal shows of a line in the end, without its colours."""
    return _ESCAPES.sub(b"", _last_state(line))[:LONGEST].decode(errors="replace")


def _last_state(line: bytes) -> bytes:
    """What a terminal shows of a line in the end. Backspaces are taken as a return: bars that use them go back all the way.

    >>> _last_state(b"10%|#  loss=0.9\\r20%|## loss=0.8\\r"), _last_state(b"bar\\r   \\rdone"), _last_state(b"\\r")
    (b'20%|## loss=0.8', b'done', b'')
    """
    return next((state for state in reversed(line.replace(b"\x08", b"\r").split(b"\r")) if state.strip()), b"")


def _last_states(line: bytes) -> bytes:
    """An unfinished line without the states that can no longer count: a bar may rewrite its line for hours.

    >>> _last_states(b"a\\rb\\r  \\rc"), _last_states(b"a\\rb\\r"), _last_states(b"abc")
    (b'b\\rc', b'b\\r', b'abc')
    """
    before, bar, state = line.rpartition(b"\r")
    return _last_state(before) + bar + state
