"""Whether there is a live view. Where nobody looks at a terminal, nothing of what draws one is loaded."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from scheduler.terminal import can_paint

if TYPE_CHECKING:
    from scheduler.actions.drive import Tell
    from scheduler.home import Home
    from scheduler.report.painter import Painter
    from scheduler.report.progress import Progress


def painter_on(file: TextIO) -> Painter | None:
    """What draws on `file`; None where that is no terminal, or rich is not there."""
    if not can_paint(file):
        return None
    from scheduler.report.painter import Painter, painting

    try:
        return Painter(file, painting())
    except ImportError:
        return None


@contextlib.contextmanager
def viewed(progress: Progress, home: Home, *, plain: bool) -> Iterator[Tell]:
    """Who hears of a run: `progress`, and on a terminal a live view beside its lines. `plain`: lines alone."""
    painter = None if plain else painter_on(sys.stderr)
    if painter is None:  # without the extra `ui` there are lines
        yield progress.tell
        return
    from scheduler.report.live import Live

    live = Live(progress, home, painter)
    try:
        yield live.tell
    finally:
        live.close()
