"""Where somebody stands in a list that changes: the job that is pointed at stays it, and those that are marked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.actions.roster import Entry, Page
from scheduler.report.roster import Look
from scheduler.top.acts import Row


@dataclass
class Place:
    """Of `page`: the job that is pointed at, by number and by place; the first job on the screen, which has room for `room`; the
    jobs that are marked, as they were seen last."""

    page: Page = field(default_factory=Page)
    pointed: int | None = None
    near: int = 0
    first: int = 0
    room: int = 1
    marked: Mapping[int, Row] = field(default_factory=dict)

    @property
    def look(self) -> Look:
        """For who draws it."""
        return Look(self.first, self.pointed, self.marked)

    def turn(self, page: Page) -> None:
        """To another page: what is pointed at has moved, or else what stands in its place is pointed at."""
        is_other, self.page = page.numbers is not self.page.numbers, page
        numbers = page.numbers
        if is_other:
            self.near = _found(numbers, self.pointed, self.near)
            self.marked = _still(self.marked, numbers)
        self.marked = {number: row_of(page.entries.get(number)) or row for number, row in self.marked.items()}
        self._point(self.near)

    def move(self, rows: int) -> None:
        """So many further down."""
        self._point(self.near + rows)

    def go(self, place: int) -> None:
        """To this place; -1: the last."""
        self._point(place if place >= 0 else len(self.page.numbers) - 1)

    def has_room(self, room: int) -> None:
        """For so many jobs on the screen."""
        self.room = max(room, 1)
        self._scroll()

    def mark(self) -> None:
        """What is pointed at, or no longer."""
        row = row_of(self.page.entries.get(self.pointed)) if self.pointed is not None else None
        if row is None:
            return
        without = {number: each for number, each in self.marked.items() if number != self.pointed}
        self.marked = without if len(without) < len(self.marked) else {**self.marked, row.job.number: row}

    def rows(self) -> Sequence[Row]:
        """The jobs that an act is meant for: those that are marked, else the one that is pointed at."""
        if self.marked:
            return [self.marked[number] for number in sorted(self.marked)]
        row = self.row()
        return [row] if row else []

    def row(self) -> Row | None:
        """The job that is pointed at; None where there is none, or it has not been read yet."""
        return row_of(self.page.entries.get(self.pointed)) if self.pointed is not None else None

    def _point(self, place: int) -> None:
        numbers = self.page.numbers
        self.near = max(min(place, len(numbers) - 1), 0)
        self.pointed = numbers[self.near] if numbers else None
        self._scroll()

    def _scroll(self) -> None:
        first = min(max(self.first, self.near - self.room + 1), self.near)
        self.first = max(min(first, len(self.page.numbers) - self.room), 0)


def row_of(entry: Entry | None) -> Row | None:
    """The entry as an act takes it."""
    return Row(entry.job, bool(entry.running and entry.running.paused)) if entry else None


def _found(numbers: Sequence[int], number: int | None, near: int) -> int:
    return numbers.index(number) if number in numbers else near


def _still(marked: Mapping[int, Row], numbers: Sequence[int]) -> Mapping[int, Row]:
    known = set(numbers) if marked else set()
    return {number: row for number, row in marked.items() if number in known}
