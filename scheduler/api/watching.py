"""Looking at jobs from Python while they run, whoever runs them."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from html import escape
from typing import Any

from scheduler.actions.curves import curves as curves_of
from scheduler.actions.opening import opened_devices, opened_queue
from scheduler.actions.results import best_first, lines
from scheduler.actions.scene import Scene
from scheduler.actions.watch import watch as looking
from scheduler.api.arguments import Which, named
from scheduler.api.driving import say_of
from scheduler.api.job import Jobs, jobs_of
from scheduler.errors import UserError
from scheduler.queue.job import Job
from scheduler.queue.selection import select
from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from scheduler.report import notebook
from scheduler.report.log_view import newest_line
from scheduler.report.progress import Progress
from scheduler.report.scene import drawn, gist, met, plain
from scheduler.terminal import safe, say

FRAME = (120, 1000)  # columns and lines
DRAWN = 12  # jobs whose curves are drawn: as many as can be told apart
THRIFT = 50  # seconds from a drawing that has taken one to the next
OPEN = [state.value for state in State if state not in ENDED]


def watch(*which: Which, curves: bool | str | Sequence[str] = False, quiet: bool = False) -> Jobs:
    """Look at jobs until all of them are over, whoever runs them; returns them, the best first. `which` as for `jobs`; without
    any, all that are not over. UserError for a word that names nothing.

    What is seen is printed each time something changes; in a notebook it is drawn anew in its place. `curves`: these metrics are
    drawn as they grow, in a notebook, of twelve jobs at most; True: those that the jobs are judged by. `quiet`: nothing is shown.
    It only looks: a Ctrl-C ends the look and nothing else, as KeyboardInterrupt, and no handler of a signal is replaced.
    """
    words = named(which)
    with opened_devices() as devices, opened_queue(say_of(quiet=quiet)) as store:
        jobs = select(store, words or ([] if which else OPEN))
        if jobs:
            progress = Progress(sys.stderr)
            chosen, tell = (jobs if words else None), (_nobody if quiet else progress.tell)
            draw = Drawing(store, jobs, _metrics(curves)) if curves else None
            show = _nobody if quiet else _shown(progress, draw)
            with closing(looking(store, chosen, devices, newest_line, tell)) as scenes:
                for scene in scenes:
                    show(scene)
        return jobs_of(store, best_first(lines(store, store.by_ids(job.id for job in jobs))))


def _metrics(asked: bool | str | Sequence[str]) -> Sequence[str]:
    if isinstance(asked, bool):
        return ()
    return (asked,) if isinstance(asked, str) else tuple(asked)


def _nobody(told: object) -> None:
    """Sees nothing."""


class Drawing:
    """The curves of jobs as HTML, made again when that is worth its while: it takes a fiftieth of a core at most."""

    def __init__(self, store: Store, jobs: Sequence[Job], metrics: Sequence[str]) -> None:
        self._store, self._words = store, [job.id for job in jobs]
        self._metrics = metrics
        self._html, self._due = "", -math.inf

    def __call__(self, *, now: bool = False) -> str:
        """`now`: however lately it was made."""
        if not now and time.monotonic() < self._due:
            return self._html
        begun = time.thread_time()
        try:
            self._html = notebook.charts(curves_of(self._store, self._words, self._metrics, limit=DRAWN))
        except UserError:  # nothing of that name is there yet
            self._html = ""
        self._due = time.monotonic() + THRIFT * (time.thread_time() - begun)
        return self._html


def _shown(progress: Progress, draw: Drawing | None) -> Callable[[Scene], None]:
    place, before = _place(), None

    def show(scene: Scene) -> None:
        nonlocal before
        progress.meet(met(scene))
        if place is None and gist(scene) == before:
            return
        before = gist(scene)
        texts = list(map(safe, plain(drawn(scene, progress.called, *FRAME))))
        if place is None:
            say(texts)
        elif draw is None:
            place.update({"text/plain": "\n".join(texts)}, raw=True)
        else:
            html = f"<pre>{escape(chr(10).join(texts))}</pre>{draw(now=scene.is_over)}"
            place.update({"text/plain": "\n".join(texts), "text/html": html}, raw=True)

    return show


def _place() -> Any:
    """Where a notebook shows what is drawn anew; None where this is none."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return None
    return sys.modules["IPython.display"].display({"text/plain": ""}, raw=True, display_id=True)
