"""What a terminal shows of an output: progress bars go back and overwrite what they wrote. Pure, and of bounded memory.

Carriage return, backspace and the sequences of ECMA-48 that move the cursor or erase are obeyed, within the last HEIGHT rows; all
others are shown as escapes, so that no log can steer the terminal of whoever looks at it. The terminal is as wide as a line is
long, up to WIDEST.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scheduler.report.text import cells
from scheduler.terminal import safe

HEIGHT = 100  # rows that can still be changed
WIDEST = 1 << 16  # columns; more of a line goes by as it comes
MOST = 1 << 10  # characters of escapes that belong to one character
_TOKENS = re.compile(r"\x1b\[([0-9;?]*)([@-~])|([\n\r\b])|([^\x1b\n\r\b]+)|\x1b")
_BEGUN = re.compile(r"\x1b(?:\[[0-9;?]{0,20})?\Z")  # a sequence whose end is still to come


@dataclass
class _Row:
    cells: list[str] = field(default_factory=list)  # a wide character has an empty one behind it
    rewritten: bool = False
    told: str | None = None  # as what it was given out

    @property
    def text(self) -> str:
        """Blanks at the end of a line that was rewritten only wipe out what stood there."""
        text = "".join(self.cells)
        return text.rstrip(" ") if self.rewritten else text

    def put(self, column: int, new: list[str]) -> None:
        if column < len(self.cells):
            self.rewritten = True
        self.cells += [" "] * (column - len(self.cells))
        self._halve(column)
        self._halve(column + len(new))
        self.cells[column : column + len(new)] = new

    def joined(self, column: int, mark: str) -> bool:
        """Whether a mark that stands on the character before it, which came in the read before, has found one there."""
        before = column - 1 if 0 < column <= len(self.cells) else -1
        before -= before > 0 and self.cells[before] == ""
        if before >= 0 and len(self.cells[before]) < MOST:
            self.cells[before] += mark
            return True
        return False

    def erase(self, start: int, end: int) -> None:
        """Blanks from `start` to `end`; what is erased up to the end of the line is gone."""
        if start < len(self.cells):
            self.put(start, [" "] * (min(end, len(self.cells)) - start))
            if end >= len(self.cells):
                del self.cells[start:]
        self.rewritten = True

    def _halve(self, column: int) -> None:
        """Of a wide character of which one half is overwritten nothing stays."""
        if 0 < column < len(self.cells) and self.cells[column] == "":
            self.cells[column - 1 : column + 1] = [" ", " "]


class Screen:
    """Takes text, gives out rows."""

    def __init__(self) -> None:
        self._rows = [_Row()]
        self._row = self._column = 0
        self._reach = 0  # so many rows above the last one the cursor has gone
        self._begun = self._unplaced = ""
        self._gone: list[str] = []

    def write(self, text: str) -> None:
        """Take in some output; a sequence may be split between two calls."""
        text = self._begun + text
        begun = _BEGUN.search(text)
        self._begun = text[begun.start() :] if begun else ""
        for token in _TOKENS.finditer(text, 0, begun.start() if begun else len(text)):
            numbers, final, motion, plain = token.groups()
            if plain:
                self._put(plain)
            elif motion:
                self._go(motion)
            elif not (final and self._obey(numbers, final)):
                self._unplaced += safe(token[0])
                if len(self._unplaced) > MOST:
                    self._put("")

    def gone(self) -> str:
        """The lines that can no longer be changed, and that were not given out before."""
        gone, self._gone = "".join(self._gone), []
        return gone

    def settled(self) -> str:
        """`gone`, and the lines above the cursor to which nothing has gone back so far; given out again if something does."""
        for row in self._rows[: self._boundary]:
            self._tell(row)
        return self.gone()

    def live(self) -> list[str]:
        """The rows that may still change."""
        self._place()
        return [row.text for row in self._rows[self._boundary :]]

    def rest(self) -> str:
        """What is left when no more comes."""
        self._unplaced += safe(self._begun)
        self._place()
        while len(self._rows) > self._row + 1 and not self._rows[-1].text:
            del self._rows[-1]
        *rows, last = self._rows
        for row in rows:
            self._tell(row)
        return self.gone() + (last.text if last.told is None or last.text != last.told else "")

    @property
    def _boundary(self) -> int:
        return max(0, min(self._row, len(self._rows) - 1 - self._reach))

    def _tell(self, row: _Row) -> None:
        if row.told is None or row.text != row.told:
            row.told = row.text
            self._gone.append(row.told + "\n")

    def _put(self, plain: str) -> None:
        row = self._rows[self._row]
        while plain and not self._unplaced and not cells(plain[0]) and row.joined(self._column, plain[0]):
            plain = plain[1:]
        new = _cells(safe(plain, keep="\t"))
        if new and len(self._unplaced) <= MOST:
            new[0] = self._unplaced + new[0]
        else:
            new = [*self._unplaced, *new]
        if not new:
            return
        self._unplaced = ""
        row.put(self._column, new)
        self._column += len(new)
        if len(row.cells) > WIDEST:
            self._let_go(row)

    def _let_go(self, row: _Row) -> None:
        """The beginning of an enormous line goes by, with all that is above it."""
        for above in self._rows[: self._row]:
            self._tell(above)
        self._gone.append("".join(row.cells))
        self._rows = [_Row(), *self._rows[self._row + 1 :]]
        self._row = self._column = 0

    def _place(self) -> None:
        """Escapes belong to the character before them where none follows in their line."""
        if self._unplaced:
            row = self._rows[self._row]
            before = min(self._column, len(row.cells)) - 1
            if before < 0 or len(row.cells[before]) > MOST:
                self._put("")
            else:
                row.cells[before] += self._unplaced
                self._unplaced = ""

    def _go(self, motion: str) -> None:
        self._place()
        if motion == "\n":
            self._down(1)
        self._column = max(self._column - 1, 0) if motion == "\b" else 0

    def _down(self, count: int) -> None:
        for _ in range(count):
            self._row += 1
            if self._row == len(self._rows):
                self._rows.append(_Row())
            if len(self._rows) > HEIGHT:
                self._tell(self._rows.pop(0))
                self._row -= 1

    def _obey(self, numbers: str, final: str) -> bool:
        """Whether it is a sequence that moves the cursor or erases; then it is done."""
        act = _ACTS.get(final)
        if not act or not (numbers == "" or numbers.isdecimal()):
            return False
        self._place()
        return act(self, min(int(numbers[-6:] or 0), WIDEST))

    def _vertical(self, rows: int, column: int | None = None) -> bool:
        if rows > 0:
            self._down(min(rows, HEIGHT))
        else:
            self._row = max(self._row + rows, 0)
            self._reach = max(self._reach, len(self._rows) - 1 - self._row)
        self._column = self._column if column is None else column
        return True

    def _horizontal(self, column: int) -> bool:
        self._column = min(max(column, 0), WIDEST)
        return True

    def _erase_line(self, which: int) -> bool:
        row = self._rows[self._row]
        start, end = {0: (self._column, WIDEST * 2), 1: (0, self._column + 1)}.get(which, (0, WIDEST * 2))
        row.erase(start, end)
        return which <= 2

    def _erase_below(self, which: int) -> bool:
        if which:
            return False
        for row in self._rows[self._row + 1 :]:
            row.erase(0, WIDEST * 2)
        return self._erase_line(0)


_ACTS = {
    "A": lambda screen, count: screen._vertical(-max(count, 1)),
    "B": lambda screen, count: screen._vertical(max(count, 1)),
    "C": lambda screen, count: screen._horizontal(screen._column + max(count, 1)),
    "D": lambda screen, count: screen._horizontal(screen._column - max(count, 1)),
    "E": lambda screen, count: screen._vertical(max(count, 1), 0),
    "F": lambda screen, count: screen._vertical(-max(count, 1), 0),
    "G": lambda screen, count: screen._horizontal(count - 1),
    "J": lambda screen, count: screen._erase_below(count),
    "K": lambda screen, count: screen._erase_line(count),
}


def _cells(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    found: list[str] = []
    for char in text:
        width = cells(char)
        if width == 0 and found:
            found[-1 if found[-1] else -2] += char
        else:
            found += [char, ""] if width == 2 else [char]
    return found
