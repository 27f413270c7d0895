"""Lines of spans on a screen of textual. No text is read as markup, and none gets there but through `fitted`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from scheduler.report.job_cells import Line, fitted

POINTED = Style(reverse=True)


class Canvas(Widget):
    """Shows lines; of new ones only those are drawn that differ."""

    lines: Sequence[Line] = ()
    pointed: int | None = None

    def show(self, lines: Sequence[Line], pointed: int | None = None) -> None:
        """These from now on; the one with the number `pointed` stands out."""
        before, self.lines = [(line, place == self.pointed) for place, line in enumerate(self.lines)], lines
        self.pointed = pointed
        now = [(line, place == pointed) for place, line in enumerate(lines)]
        length = max(len(before), len(now))
        before, now = before + [((), False)] * (length - len(before)), now + [((), False)] * (length - len(now))
        for place in (place for place in range(length) if before[place] != now[place]):
            self.refresh(Region(0, place, max(self.size.width, 1), 1))

    def render_line(self, y: int) -> Strip:
        """As textual asks for it."""
        width = self.size.width
        line = fitted(self.lines[y], width) if y < len(self.lines) else ()
        if y == self.pointed:  # in one colour: a bar of many looks torn
            return Strip([Segment("".join(text for text, _ in line), POINTED)]).adjust_cell_length(width, POINTED)
        return Strip([Segment(text, Style.parse(style)) for text, style in line if text]).adjust_cell_length(width, Style())
