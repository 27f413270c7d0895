"""The live page, served from a notebook or a program."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import field
from html import escape
from typing import TYPE_CHECKING, Any

from scheduler.home import open_home
from scheduler.terminal import say
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.web.live import Served


@dataclass(frozen=True)
class Ui:
    """A live page that is served by threads of this process, until `stop` or the end of the process. `url` is its address with
    the key: whoever has it sees all jobs and, unless it is `read_only`, can change them."""

    url: str = field(repr=False)
    port: int
    read_only: bool
    _open: ExitStack = field(repr=False)

    def stop(self) -> None:
        """Serve it no more; returns when nobody listens at its port. The second time nothing happens."""
        self._open.close()

    def __enter__(self) -> Ui:
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()

    def __str__(self) -> str:
        return self.url

    def _repr_html_(self) -> str:
        address = escape(self.url)
        kind = "the live page, to look at" if self.read_only else "the live page"
        return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{kind}</a>, until <code>.stop()</code>'


def ui(*, port: int | None = None, hosts: Sequence[str] = (), read_only: bool = False) -> Ui:
    """Serve the live page of this queue in the background, as `exp-queue ui` does, and return at once: `exp_queue.ui().url` is
    its address, and in a notebook it shows itself as a link. It ends with this process.

    `port`: without one that of the last time or, where it is taken, the next that is free; `hosts`: where to listen instead of
    127.0.0.1, then further names by which it is asked for; `read_only`: nothing can be changed from the page. UserError where it
    cannot listen there.
    """
    from scheduler.web.live import served

    with ExitStack() as opening:
        page = opening.enter_context(served(open_home(), tuple(hosts), port, read_only=read_only, say=say))
        thread = threading.Thread(target=page.serve, name="ui", daemon=True)
        thread.start()
        opening.callback(_end, page, thread)
        return Ui(page.url, page.port, read_only, opening.pop_all())


def _end(page: Served, thread: threading.Thread) -> None:
    page.server.stop()
    thread.join()
