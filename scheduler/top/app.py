"""The application: its screens, its colours, which are the terminal's own, and its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from scheduler.gpus.observation import Settings
from scheduler.top.table import Table

INTERRUPTED = 130


class Top(App[int]):
    """`exp-queue top`."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", priority=True)]
    CSS = """
    * { background: ansi_default; color: ansi_default; scrollbar-size: 0 0; }
    Canvas { height: 1; }
    #board, #text { height: 1fr; }
    #head { dock: top; }
    Typing { height: 1; }
    Input, Input:focus { border: none; padding: 0; width: 1fr; height: 1; background: ansi_default; color: ansi_default; }
    """

    def __init__(self, words: Sequence[str] = (), settings: Settings | None = None) -> None:
        """`words`: the jobs to see, as for `status`; none: what is not over."""
        super().__init__(ansi_color=True)
        self.table = Table(words, settings)

    def on_mount(self) -> None:
        """Show the jobs. Whoever ends us gets the terminal back as it was."""
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread: somebody else's signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit, 128 + signal.SIGTERM)
        self.push_screen(self.table)

    def action_interrupt(self) -> None:
        """Ctrl-C: the end, and nothing else."""
        self.exit(INTERRUPTED)


def run(words: Sequence[str], settings: Settings | None) -> tuple[int, bool]:
    """Until somebody leaves: the exit status, and whether all that was asked for has been done."""
    top = Top(words, settings)
    status = top.run(mouse=False)  # what is marked with the mouse is the terminal's business, as everywhere
    return (1 if status is None else status), top.table.hands.wait()
