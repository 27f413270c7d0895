"""The screen of the jobs: what its keys do."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from scheduler.errors import UserError
from scheduler.queue.filters import is_filter
from scheduler.queue.listing import Order
from scheduler.shortage import Shortage
from scheduler.top import acts, texts
from scheduler.top.acts import Act, Row
from scheduler.top.questions import Answer, Question, Typing
from scheduler.top.reader import Reader
from scheduler.top.sight import Sight, bound


class Table(Sight):
    """All jobs, and what is done with them."""

    BINDINGS: ClassVar[list[BindingType]] = bound(
        {
            "q": "leave",
            "space": "mark",
            "escape": "escape",
            "enter": "about",
            "l": "log",
            "e": "why",
            "s": "sort",
            "slash": "filter",
            "a": "all",
            "c": "cancel",
            "h": "hold",
            "p": "pause",
            "m": "rank",
            "n": "note",
            "t": "tag",
            "question_mark,f1": "keys",
        }
    )

    # Keys that only look.

    def action_mark(self) -> None:
        """Mark, and on to the next."""
        self._place.mark()
        self.action_move(1)

    def action_escape(self) -> None:
        """Nothing is asked, marked or said any more."""
        self._place.marked = {}
        self._said = ""
        self._draw()

    def action_about(self) -> None:
        """All about the job that is pointed at."""
        self._read(lambda row: Reader(f"job {row.job.short_id}", texts.about(row.job)))

    def action_why(self) -> None:
        """Why it waits."""
        self._read(lambda row: Reader(f"why {row.job.short_id} waits, or what it does", texts.why(row.job, self._settings)))

    def action_log(self) -> None:
        """Its output."""
        self._read(lambda row: Reader(f"output of {row.job.short_id}", texts.output(row.job), follows=True))

    def action_keys(self) -> None:
        """What can be pressed."""
        self.app.push_screen(Reader("keys", texts.keys))

    def action_sort(self) -> None:
        """The next order."""
        orders = list(Order)
        order = orders[(orders.index(self._view.order) + 1) % len(orders)]
        self._say(order.value)
        self._look_at(replace(self._view, order=order))

    def action_filter(self) -> None:
        """Which jobs are to be seen."""
        self._type("only: ", " ".join(self._view.words), lambda text: self._only(words_in(text)))

    def action_all(self) -> None:
        """All jobs, or those that are not over."""
        self._only(() if self._view.words == ("all",) else ("all",))

    def _only(self, words: tuple[str, ...]) -> None:
        self._said = ""
        self._look_at(replace(self._view, words=words))

    def _read(self, reader: Callable[[Row], Reader]) -> None:
        if row := self._place.row():
            self.app.push_screen(reader(row))

    # Keys that change something.

    def action_cancel(self) -> None:
        """Ask, and then cancel."""
        if rows := self._place.rows():
            self.query_one(Question).ask(acts.cancelling(rows), lambda: self._do(acts.cancelled(rows)))

    def action_hold(self) -> None:
        """Hold, or release."""
        if rows := self._place.rows():
            self._do(acts.held(rows))

    def action_pause(self) -> None:
        """Pause, or let go on."""
        if rows := self._place.rows():
            self._do(acts.paused(rows))

    def action_rank(self) -> None:
        """Where they start among those that wait."""
        if rows := self._place.rows():
            self._type(
                f"move {_these(rows)} to (first, last, or a priority): ", "first", lambda to: self._do(acts.moved(rows, to))
            )

    def action_note(self) -> None:
        """What is noted of them."""
        if rows := self._place.rows():
            is_new = len(rows) > 1 or not acts.is_editable(rows[0].job.note)
            before = "" if is_new else rows[0].job.note
            label = f"{'add to the notes' if is_new else 'note'} of {_these(rows)}: "
            self._type(label, before, lambda text: self._do(acts.noted(rows, text)))

    def action_tag(self) -> None:
        """A tag for them."""
        if rows := self._place.rows():
            self._type(f"tag {_these(rows)} (-TAG takes one away): ", "", lambda text: self._do(acts.tagged(rows, text)))

    def _type(self, label: str, before: str, then: Answer) -> None:
        def answered(text: str) -> None:
            with self._told():
                then(text)

        self.query_one(Typing).ask(label, before, answered)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (UserError, Shortage) as error:
            self._say(str(error))

    def _do(self, act: Act) -> None:
        with self._told():
            self.hands.do(act)

    def action_leave(self) -> None:
        """End the application; what runs goes on."""
        self.app.exit(0)


def words_in(text: str) -> tuple[str, ...]:
    """The words of a line as a shell would give them to `status`; a filter is one, also without quotes."""
    text = text.strip()
    if is_filter(text):
        return (text,)
    try:
        return tuple(shlex.split(text))
    except ValueError:  # a quotation mark that has no other
        return (text,)


def _these(rows: Sequence[Row]) -> str:
    return rows[0].job.short_id if len(rows) == 1 else f"{len(rows):,} jobs"
