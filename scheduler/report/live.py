"""The live view of a run: a scene at the end of the terminal, above it the lines of what has happened.

It is drawn by a thread that looks at the store as any other process could: the runner never waits for it, and where it fails the
run goes on with plain lines.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TextIO, cast

from scheduler.actions.lookout import CLOCK, Lookout, pause
from scheduler.actions.notices import Driving, SweepOpened, Told
from scheduler.actions.scene import Scene
from scheduler.home import Home
from scheduler.linux.inotify import IN_CLOSE_WRITE, IN_MODIFY, FolderWatch
from scheduler.linux.readable import readable
from scheduler.queue.job import Job
from scheduler.queue.job_list import JobList
from scheduler.queue.store import Store
from scheduler.report.log_view import newest_line
from scheduler.report.painter import Painter
from scheduler.report.progress import Progress
from scheduler.report.scene import drawn
from scheduler.shortage import Shortage, start
from scheduler.terminal import say


class Pace:
    """How long to rest after a frame. Another thread may end it."""

    def __init__(self) -> None:
        self._over, self._end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def rest(self, cost: float, watch: FolderWatch) -> bool:
        """Return when it is time for the next frame, or when it is over: then False. `cost`: seconds of a core that the last one
        took."""
        least = pause(cost)
        if self._is_over(least):
            return False
        over = self._is_over(max(CLOCK - least, 0.0), watch.fileno())
        watch.drain()
        return not over

    def end(self) -> None:
        os.write(self._end, b".")

    def close(self) -> None:
        os.close(self._over)
        os.close(self._end)

    def _is_over(self, seconds: float, *others: int) -> bool:
        return self._over in readable((self._over, *others), seconds)


def draw(painter: Painter, scene: Scene, name: Callable[[Job], str]) -> None:
    """One frame, as large as the terminal is now."""
    columns, lines = painter.size
    painter.draw(drawn(scene, name, columns, lines - 1))


class Live:
    """Listens to one run for `progress`, and draws from the moment at which jobs are driven."""

    def __init__(self, progress: Progress, home: Home, painter: Painter) -> None:
        self._progress, self._home, self._painter = progress, home, painter
        self._sweep: SweepOpened | None = None
        self._pace = Pace()
        self._thread: threading.Thread | None = None
        self._open = ExitStack()

    def tell(self, notice: Told) -> None:
        """Tell whoever reads the lines, and see to the view."""
        self._progress.tell(notice)
        if isinstance(notice, SweepOpened):
            self._sweep = notice
        if isinstance(notice, Driving) and not self._thread and not (notice.jobs is not None and notice.done == len(notice.jobs)):
            self._begin(notice)

    def _begin(self, notice: Driving) -> None:
        jobs = notice.jobs
        numbers = jobs if jobs is None else jobs.numbers if isinstance(jobs, JobList) else [job.number for job in jobs]
        thread = threading.Thread(target=self._look, args=(notice, numbers), daemon=True)
        stderr = cast("TextIO", self._painter)
        self._open.enter_context(self._progress.beside_a_view(stderr))
        self._open.enter_context(contextlib.redirect_stderr(stderr))
        try:
            start(thread)
            self._thread = thread
        except Shortage as error:
            self._open.close()
            say(f"warning: no live view: {error}")

    def close(self) -> None:
        """Wipe the view out; what is printed from now on goes where it went before."""
        self._pace.end()
        if self._thread:
            self._thread.join()
        self._painter.close()
        self._open.close()
        self._pace.close()

    def _look(self, notice: Driving, numbers: Sequence[int] | None) -> None:
        try:
            with Store(self._home) as store, FolderWatch(IN_MODIFY | IN_CLOSE_WRITE, self._home.root) as watch:
                lookout = self._lookout(store, notice, numbers)
                cost = 0.0
                while not self._painter.is_broken:
                    begun = time.thread_time()
                    draw(self._painter, lookout.scene(), self._progress.called)
                    cost = time.thread_time() - begun
                    if not self._pace.rest(cost, watch):
                        return
        except Exception as error:  # noqa: BLE001 (whatever it is: the jobs run on, and their lines are told)
            self._painter.close()
            self._progress.beside_no_view()
            say(f"warning: the live view has ended ({type(error).__name__}: {error}); what runs goes on")

    def _lookout(self, store: Store, notice: Driving, numbers: Sequence[int] | None) -> Lookout:
        if self._sweep is None:
            jobs = None if numbers is None else JobList(store.by_numbers, numbers)
            return Lookout(store, jobs, view=notice.view, newest_line=newest_line)
        sweep, metric = self._sweep.book.sweep.id, self._sweep.plan.metric or ""
        return Lookout(store, (), more=partial(_trials, sweep), view=notice.view, newest_line=newest_line, metric=metric)


def _trials(sweep: str, store: Store) -> list[int]:
    """The numbers of its jobs by now."""
    return store.numbers("id IN (SELECT job FROM trial WHERE sweep = ?)", (sweep,))
