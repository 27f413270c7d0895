"""What is seen of the jobs, and the one that is pointed at: the screen without what its keys do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from scheduler.actions.roster import View
from scheduler.gpus.observation import Settings
from scheduler.report.job_cells import Line
from scheduler.report.roster import board
from scheduler.report.scene import met
from scheduler.shortage import Shortage
from scheduler.top.called import Names
from scheduler.top.canvas import Canvas
from scheduler.top.eyes import Eyes, Seen
from scheduler.top.hands import Hands
from scheduler.top.place import Place
from scheduler.top.questions import Question, Typing
from scheduler.top.reader import folded

HINTS = (
    "? keys  q leave  enter details  l log  c cancel  h hold  p pause  m move  n note  t tag  e why  s sort  / filter  space mark"
)
MARGIN = 50  # jobs beyond the screen that are read with it
SAID = 4  # lines of a sentence


class Looked(Message):
    """There is something new to see."""


class Told(Message):
    """A sentence about what was done; `is_over`: and it is done."""

    def __init__(self, text: str, *, is_over: bool) -> None:
        super().__init__()
        self.text, self.is_over = text, is_over


def bound(keys: Mapping[str, str]) -> list[BindingType]:
    """Keys that do what they mean before the next one is read: what is typed ahead of a slow line goes into the question that is
    opened by the key before."""
    return [Binding(key, action, priority=True) for key, action in keys.items()]


class Sight(Screen):
    """All jobs, one below the other, with the GPUs above and what waits below."""

    AUTO_FOCUS = "#board"
    BINDINGS: ClassVar[list[BindingType]] = bound(
        {
            "up,k": "move(-1)",
            "down,j": "move(1)",
            "pageup": "page(-1)",
            "pagedown": "page(1)",
            "home,g": "go(0)",
            "end,G": "go(-1)",
            "tab,shift+tab": "nothing",
        }
    )

    def __init__(self, words: Sequence[str], settings: Settings | None) -> None:
        """`words`: as for `status`; none: what is not over."""
        super().__init__()
        self._settings, self._view = settings, View(tuple(words))
        self._eyes = Eyes(lambda: self._post(Looked()), settings)
        self._place, self._names = Place(), Names()
        self._seen: Seen | None = None
        self._asked_near = 0
        self._said = ""
        self.hands = Hands(lambda text, is_over: self._post(Told(text, is_over=is_over)))
        self._cost = 0.0

    def compose(self) -> ComposeResult:
        """As textual asks for it."""
        board = Canvas(id="board")
        board.can_focus = True
        yield board
        yield Question(id="question")
        yield Typing(id="typing")
        yield Canvas(id="foot")

    def _post(self, message: Message) -> None:
        """From any thread."""
        self.post_message(message)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is asked, keys are the answer."""
        return not (self.query_one(Question).display or self.query_one(Typing).display)

    def on_mount(self) -> None:
        """Begin to look."""
        self._eyes.ask(self._view)
        try:
            self._eyes.open()
        except Shortage as error:
            self._say(str(error))
        self._draw()

    def on_unmount(self) -> None:
        """Look no longer."""
        self._eyes.close()

    def on_resize(self) -> None:
        """Draw anew, once the sizes are known."""
        self.call_after_refresh(self._draw)

    def on_screen_resume(self) -> None:
        """Nothing was drawn while a text stood before it."""
        self.call_after_refresh(self._draw)

    def on_looked(self) -> None:
        """Show what was seen."""
        begun = time.thread_time()
        seen = self._eyes.take(self._cost)
        if seen is None:
            return
        if (seen.page.view.words, seen.page.view.order) == (self._view.words, self._view.order):
            self._place.turn(seen.page)
        self._seen = seen
        self._names.meet([*met(seen.scene), *(each.job for each in seen.page.entries.values())])
        self._draw()
        self._cost = time.thread_time() - begun

    def on_told(self, told: Told) -> None:
        """Something was done, or goes on."""
        if told.is_over:
            self._eyes.ask(self._view, fresh=True)
        self._say(told.text)

    def action_move(self, rows: int) -> None:
        """Point so many rows further down."""
        self._place.move(rows)
        self._pointed()

    def action_nothing(self) -> None:
        """There is one thing to point at."""

    def action_page(self, pages: int) -> None:
        """A screen further."""
        self.action_move(pages * self._place.room)

    def action_go(self, place: int) -> None:
        """To the first, or the last."""
        self._place.go(place)
        self._pointed()

    # What is shown.

    def _draw(self) -> None:
        if self._seen is None or self.app.screen is not self:
            return
        canvas = self.query_one("#board", Canvas)
        width, height = canvas.size
        found = board(self._seen.scene, self._place.page, self._place.look, self._names.called, width, height)
        if found.room != self._place.room:
            self._place.has_room(found.room)
            found = board(self._seen.scene, self._place.page, self._place.look, self._names.called, width, height)
        canvas.show(found.lines, found.pointed)
        self._draw_foot()

    def _draw_foot(self) -> None:
        trouble = self._seen.trouble if self._seen else ""
        foot, width = self.query_one("#foot", Canvas), max(self.size.width, 1)
        said: list[Line] = [((row, "bold"),) for row in folded([self._said or trouble], width)[:SAID]]
        lines: list[Line] = [*said, ((HINTS, "dim"),)]
        if foot.styles.height is None or foot.styles.height.value != len(lines):
            foot.styles.height = len(lines)
            self.call_after_refresh(self._draw)
        foot.show(lines)

    def _say(self, text: str) -> None:
        self._said = text
        self._draw_foot()

    def _look_at(self, view: View) -> None:
        self._view = replace(view, anchor=self._place.pointed, near=self._place.near, room=self._place.room + MARGIN)
        self._asked_near = self._place.near
        self._eyes.ask(self._view)

    def _pointed(self) -> None:
        """After a move: what is beyond the margin must be read."""
        place = self._place
        read = place.page.entries
        shown = place.page.numbers[max(place.near - place.room, 0) : place.near + place.room]
        if abs(place.near - self._asked_near) > MARGIN // 2 or any(number not in read for number in shown):
            self._look_at(self._view)
        elif place.pointed != self._view.anchor:
            self._view = replace(self._view, anchor=place.pointed, near=place.near)
        self._draw()
