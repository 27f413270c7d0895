"""What is asked in a line below the jobs, which go on moving above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key
from textual.widgets import Input

from scheduler.report.text import cells
from scheduler.top.canvas import Canvas

Answer = Callable[[str], None]


class Question(Canvas):
    """Yes or no. Every other key is kept from what is behind it."""

    can_focus = True

    def on_mount(self) -> None:
        """Nothing is asked yet."""
        self.display = False

    def ask(self, text: str, then: Callable[[], None]) -> None:
        """Call `then` after a yes."""
        self._then = then
        self.show([((f"{text} ", "bold yellow"), ("y yes, n no", "bold"))])
        self.display = True
        self.screen.set_focus(self)

    def on_key(self, event: Key) -> None:
        """An answer, or nothing."""
        event.stop()
        event.prevent_default()
        if event.key not in ("y", "n", "escape", "q"):
            return
        self.display = False
        self.screen.set_focus(self.screen.query_one("#board"))
        if event.key == "y":
            self._then()


class Typing(Horizontal):
    """A line to type."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close"),
        Binding("up,down,pageup,pagedown,tab,shift+tab,f1", "nothing"),
    ]

    def compose(self) -> ComposeResult:
        """As textual asks for it."""
        yield Canvas(id="label")
        yield Input(compact=True, select_on_focus=False, max_length=4096)

    def on_mount(self) -> None:
        """Nothing is asked yet."""
        self.display = False
        self.query_one(Input).cursor_blink = False  # it would be drawn twice a second

    def ask(self, label: str, before: str, then: Answer) -> None:
        """Call `then` with what is typed, unless escape is pressed; `before` is there already."""
        self._then = then
        canvas, line = self.query_one("#label", Canvas), self.query_one(Input)
        canvas.styles.width = min(cells(label), max(self.screen.size.width - 20, 1))
        canvas.show([((label, "bold yellow"),)])
        line.value = before
        line.cursor_position = len(before)
        self.display = True
        self.screen.set_focus(line)

    def action_nothing(self) -> None:
        """What the line has no use for is kept from what is behind it."""

    def action_close(self) -> None:
        """Nothing is asked any more."""
        self.display = False
        self.screen.set_focus(self.screen.query_one("#board"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """It was typed."""
        event.stop()
        self.action_close()
        self._then(event.value)
