"""Lines at the end of a terminal that are drawn anew in their place, and text that goes above them.

Nothing of the terminal is changed for longer than one write: the cursor is hidden and shown within it, and there is no second
screen. Whoever is killed between two frames leaves a frame behind and nothing else.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TextIO

from scheduler.report.job_cells import Line
from scheduler.report.text import cells
from scheduler.terminal import is_ours, until_the_reader_leaves

# ECMA-48 and DEC: the cursor hidden, and no wrapping of a row that is wider than we think; and both as they were.
_BEGIN, _END = "\033[?25l", "\033[?25h"
_CUT, _WRAP = "\033[?7l", "\033[?7h"
_ERASE_LINE, _ERASE_BELOW = "\033[K", "\033[J"
UNKNOWN = os.terminal_size((80, 24))


class Painter:
    """Draws on `file`, a terminal. It can be written to like the file: whole lines go above what is drawn. Of any thread."""

    def __init__(self, file: TextIO, paint: Callable[[Line], str]) -> None:
        """`paint`: a line as the terminal gets it."""
        self._file, self._paint = file, paint
        self._lock = threading.RLock()
        self._drawn: list[str] = []  # as rows, without their styles
        self._shown: list[str] = []
        self._columns = 0
        self._begun = ""  # a line that was written without its end
        self.is_broken = False

    @property
    def size(self) -> os.terminal_size:
        """Of the terminal now."""
        try:
            found = os.get_terminal_size(self._file.fileno())
        except (OSError, ValueError):
            return UNKNOWN
        return found if found.columns and found.lines else UNKNOWN

    def draw(self, lines: Sequence[Line]) -> None:
        """Draw these in the place of those before. The same lines are not drawn again."""
        with self._lock, _whole():
            if not is_ours(self._file):  # in the background the shell's line is there
                self._drawn, self._shown = [], []
                return
            shown = [self._paint(line) for line in lines]
            columns = self.size.columns
            if shown != self._shown or columns != self._columns:
                self._put(self._back(columns) + _framed(shown))
                self._drawn = ["".join(text for text, _ in line).rstrip() for line in lines]
                self._shown, self._columns = shown, columns

    def write(self, text: str) -> int:
        """Lines go above what is drawn; what has no end yet waits for it."""
        with self._lock, _whole():
            *whole, self._begun = (self._begun + text).split("\n")
            if whole:
                rows = "".join(f"{line}\n" for line in whole)
                self._put(self._back(self.size.columns) + _ERASE_BELOW + rows + _framed(self._shown))
                self._columns = self.size.columns
        return len(text)

    def flush(self) -> None:
        """As of a file."""

    def isatty(self) -> bool:
        """As of the file."""
        return self._file.isatty()

    def fileno(self) -> int:
        """Of the file."""
        return self._file.fileno()

    @property
    def encoding(self) -> str:
        """Of the file."""
        return self._file.encoding

    @property
    def errors(self) -> str | None:
        """Of the file."""
        return self._file.errors

    def close(self) -> None:
        """Wipe out what is drawn."""
        with self._lock, _whole():
            if self._begun:
                self.write("\n")
            if self._shown:
                self._put(self._back(self.size.columns) + _ERASE_BELOW)
            self._drawn, self._shown = [], []

    def __enter__(self) -> Painter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _back(self, columns: int) -> str:
        """To the beginning of the first row that is drawn. A terminal that became narrower has broken those that were longer."""
        rows = sum(max(1, math.ceil(cells(text) / columns)) for text in self._drawn)
        return "\r" + (f"\033[{rows}A" if rows else "")

    def _put(self, text: str) -> None:
        # Whoever looked may have gone, or the terminal be closed: no reason to leave the jobs.
        try:
            with until_the_reader_leaves(self._file):
                self._file.write(f"{_BEGIN}{text}{_END}")
                self._file.flush()
        except OSError:
            self.is_broken = True


@contextlib.contextmanager
def _whole() -> Iterator[None]:
    """A Ctrl-C meanwhile is heard afterwards: what was drawn must be known, or it cannot be wiped out."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _framed(shown: Sequence[str]) -> str:
    # Erased before it is written: behind a row as wide as the terminal its last character would be.
    return _CUT + "".join(f"{_ERASE_LINE}{row}\n" for row in shown) + _ERASE_BELOW + _WRAP


def painting() -> Callable[[Line], str]:
    """How rich shows the styles on this terminal, as the environment says (TERM, COLORTERM, NO_COLOR). ImportError without
    rich."""
    from rich.console import Console
    from rich.text import Text

    console = Console(force_terminal=True, force_jupyter=False, legacy_windows=False, highlight=False, soft_wrap=True)
    known: dict[str, tuple[str, str]] = {"": ("", "")}

    def ends(style: str) -> tuple[str, str]:
        if style not in known:
            with console.capture() as captured:
                console.print(Text("x", style), end="")
            before, _, after = captured.get().partition("x")
            known[style] = (before, after)
        return known[style]

    def paint(line: Line) -> str:
        shown = [(text, *ends(style)) for text, style in line]
        return "".join(f"{before}{text}{after}" for text, before, after in shown).rstrip()

    return paint
