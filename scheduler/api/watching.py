"""Looking at jobs from Python while they run, whoever runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

from scheduler.actions.opening import opened_devices, opened_queue
from scheduler.actions.results import best_first, lines
from scheduler.actions.scene import Scene
from scheduler.actions.watch import watch as looking
from scheduler.api.arguments import Which, named
from scheduler.api.driving import say_of
from scheduler.api.job import Jobs, jobs_of
from scheduler.queue.selection import select
from scheduler.queue.states import ENDED, State
from scheduler.report.log_view import newest_line
from scheduler.report.progress import Progress
from scheduler.report.scene import drawn, gist, met, plain
from scheduler.terminal import safe, say

FRAME = (120, 1000)  # columns and lines
OPEN = [state.value for state in State if state not in ENDED]


def watch(*which: Which, quiet: bool = False) -> Jobs:
    """Look at jobs until all of them are over, whoever runs them; returns them, the best first. `which` as for `jobs`; without
    any, all that are not over. UserError for a word that names nothing.

    What is seen is printed each time something changes; in a notebook it is drawn anew in its place. `quiet`: nothing is. It only
    looks: a Ctrl-C ends the look and nothing else, as KeyboardInterrupt, and no handler of a signal is replaced.
    """
    words = named(which)
    with opened_devices() as devices, opened_queue(say_of(quiet=quiet)) as store:
        jobs = select(store, words or ([] if which else OPEN))
        if jobs:
            progress = Progress(sys.stderr)
            chosen, tell = (jobs if words else None), (_nobody if quiet else progress.tell)
            show = _nobody if quiet else _shown(progress)
            with closing(looking(store, chosen, devices, newest_line, tell)) as scenes:
                for scene in scenes:
                    show(scene)
        return jobs_of(store, best_first(lines(store, store.by_ids(job.id for job in jobs))))


def _nobody(told: object) -> None:
    """Sees nothing."""


def _shown(progress: Progress) -> Callable[[Scene], None]:
    place, before = _place(), None

    def show(scene: Scene) -> None:
        nonlocal before
        progress.meet(met(scene))
        if place is None and gist(scene) == before:
            return
        before = gist(scene)
        texts = plain(drawn(scene, progress.called, *FRAME))
        if place is None:
            say(texts)
        else:
            place.update({"text/plain": "\n".join(map(safe, texts))}, raw=True)

    return show


def _place() -> Any:
    """Where a notebook shows what is drawn anew; None where this is none."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return None
    return sys.modules["IPython.display"].display({"text/plain": ""}, raw=True, display_id=True)
