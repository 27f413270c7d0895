"""A text that fills the screen: the details of a job, why it waits, its output while it grows, the keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from scheduler.report.apart import head
from scheduler.report.job_cells import Line
from scheduler.report.text import cells
from scheduler.shortage import Shortage, start
from scheduler.terminal import safe
from scheduler.top.canvas import Canvas

KEPT = 10_000  # lines of an output that can be scrolled back to
TAKEN = 0.25  # seconds between two looks at an output that grows
HINTS = "q back   arrows, page keys, g, G move"

Put = Callable[[str, Sequence[str]], None]


class Came(Message):
    """There is more to take."""


class Reader(Screen):
    """Shows what `fill` puts, from a thread of its own: lines that stay, with the lines that may still change; it ends when
    `leave` is set."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape,left", "back"),
        Binding("up,k", "move(-1)"),
        Binding("down,j", "move(1)"),
        Binding("pageup,b,ctrl+b", "page(-1)"),
        Binding("pagedown,space,ctrl+f", "page(1)"),
        Binding("home,g", "go(0)"),
        Binding("end,G", "follow"),
        Binding("tab,shift+tab", "nothing"),
    ]

    def __init__(self, title: str, fill: Callable[[Put, threading.Event], None], *, follows: bool = False) -> None:
        """`follows`: the end is what matters."""
        super().__init__()
        self._title, self._fill, self._follows = title, fill, follows
        self._lock, self.leave = threading.Lock(), threading.Event()
        self._fresh: list[str] = []
        self._whole: list[str] = []
        self._live: Sequence[str] = ()
        self._rows: list[str] = []
        self._width = self._first = 0
        self._is_due = False

    def compose(self) -> ComposeResult:
        """As textual asks for it."""
        yield Canvas(id="head")
        yield Canvas(id="text")
        yield Canvas(id="foot")

    def on_mount(self) -> None:
        """Begin to read."""
        try:
            start(threading.Thread(target=self._run, daemon=True))
        except Shortage as error:
            self._put(f"{error}\n", ())
        self._draw()

    def on_unmount(self) -> None:
        """Read no longer."""
        self.leave.set()

    def on_resize(self) -> None:
        """Fold the lines anew."""
        self.call_after_refresh(self._draw)

    def on_came(self) -> None:
        """Not at once: what comes together is drawn together."""
        if not self._is_due:
            self._is_due = True
            self.set_timer(TAKEN if self._whole else 0.01, self._take)

    def _run(self) -> None:
        try:
            self._fill(self._put, self.leave)
        except Exception as error:  # noqa: BLE001 (it is said where the text would be)
            self._put(f"{error}\n", ())

    def _put(self, text: str, live: Sequence[str]) -> None:
        """From the thread that reads."""
        with self._lock:
            self._fresh, self._live = [*self._fresh, *text.splitlines()][-KEPT:], live
        self.post_message(Came())

    def _take(self) -> None:
        self._is_due = False
        with self._lock:
            fresh, self._fresh = self._fresh, []
        self._whole = [*self._whole, *fresh][-KEPT:]
        if self._width and len(self._whole) < KEPT:
            self._rows += folded(fresh, self._width)
        else:
            self._width = 0
        self._draw()

    def _draw(self) -> None:
        text = self.query_one("#text", Canvas)
        width, height = text.size
        if width != self._width and width:
            self._width, self._rows = width, folded(self._whole, width)
        rows = [*self._rows, *folded(self._live, max(width, 1))]
        last = max(len(rows) - height, 0)
        self._first = last if self._follows else min(self._first, last)
        text.show([((row, ""),) for row in rows[self._first : self._first + height]])
        place = f"{min(self._first + 1, len(rows))}-{min(self._first + height, len(rows))} of {len(rows)}"
        self.query_one("#head", Canvas).show([((self._title, "bold"), (f"   {place}", "dim"))])
        foot: Line = ((HINTS, "dim"), ("   following", "green") if self._follows else ("", ""))
        self.query_one("#foot", Canvas).show([foot])

    def action_back(self) -> None:
        """To the jobs."""
        self.dismiss()

    def action_nothing(self) -> None:
        """There is one thing to look at."""

    def action_move(self, rows: int) -> None:
        """So many rows further down; upwards nothing is followed any more."""
        self._follows = self._follows and rows > 0
        self._first = max(self._first + rows, 0)
        self._draw()

    def action_page(self, pages: int) -> None:
        """A screen further."""
        self.action_move(pages * max(self.query_one("#text", Canvas).size.height - 1, 1))

    def action_go(self, row: int) -> None:
        """To this row."""
        self._first, self._follows = row, False
        self._draw()

    def action_follow(self) -> None:
        """To the end, and on with it."""
        self._follows = True
        self._draw()


def folded(texts: Iterable[str], width: int) -> list[str]:
    """Each text, made safe, in rows of at most `width` columns."""
    found: list[str] = []
    for text in texts:
        rest = safe(text.expandtabs())
        while cells(rest) > width:
            row = head(rest, width) or rest[:1]
            found.append(row)
            rest = rest[len(row) :]
        found.append(rest)
    return found
