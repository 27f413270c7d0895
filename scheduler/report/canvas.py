"""A canvas of characters on which lines are drawn: with the dots of Braille, or with one mark for each pen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

ACROSS, DOWN = 2, 4  # dots of a character
BRAILLE = 0x2800  # the empty pattern (Unicode, chapter 21.1); each dot has its bit
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column
MARKS = "*+ox#@%&=~^abcdefghijkl"

Piece = tuple[str, int | None]  # a text, and the pen that it is drawn with


class Canvas:
    """`width` x `height` characters. Dots are counted from the upper left; those outside are not drawn. Where two pens cross,
    the character belongs to the one that drew last."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._bits: dict[tuple[int, int], int] = {}
        self._pens: dict[tuple[int, int], int] = {}

    @property
    def dots(self) -> tuple[int, int]:
        """How many there are across and down."""
        return self.width * ACROSS, self.height * DOWN

    def dot(self, x: int, y: int, pen: int) -> None:
        if not (0 <= x < self.width * ACROSS and 0 <= y < self.height * DOWN):
            return
        place = (y // DOWN, x // ACROSS)
        self._bits[place] = self._bits.get(place, 0) | _BITS[y % DOWN][x % ACROSS]
        self._pens[place] = pen

    def line(self, x0: int, y0: int, x1: int, y1: int, pen: int) -> None:
        """From one dot to another, both drawn."""
        steps = max(abs(x1 - x0), abs(y1 - y0))
        for step in range(steps + 1):
            part = step / steps if steps else 0.0
            self.dot(round(x0 + part * (x1 - x0)), round(y0 + part * (y1 - y0)), pen)

    def rows(self, *, marks: bool = False) -> list[list[Piece]]:
        """From the top down, neighbours of one pen together. `marks`: for terminals without Braille, and where no colour tells
        the pens apart."""
        return [_together([self._cell(row, column, marks=marks) for column in range(self.width)]) for row in range(self.height)]

    def _cell(self, row: int, column: int, *, marks: bool) -> Piece:
        bits = self._bits.get((row, column))
        if bits is None:
            return " ", None
        pen = self._pens[row, column]
        return (mark(pen) if marks else chr(BRAILLE + bits)), pen


def mark(pen: int) -> str:
    """The character of a pen, where there is no Braille or no colour."""
    return MARKS[pen % len(MARKS)]


def _together(cells: Sequence[Piece]) -> list[Piece]:
    return [("".join(text for text, _ in some), pen) for pen, some in groupby(cells, key=lambda cell: cell[1])]
