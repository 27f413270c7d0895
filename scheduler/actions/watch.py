"""Look at jobs while they run, whoever runs them: scene after scene until all of them are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from scheduler.actions.lookout import CLOCK, Lookout, pause
from scheduler.actions.scene import Scene
from scheduler.actions.wait import Ears
from scheduler.queue.job import Attempt, Job
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.runner.gpu_view import GpuView
from scheduler.runner.notices import Ended


def lookout(store: Store, jobs: Sequence[Job] | None, devices: Devices, newest_line: Callable[[Path], str]) -> Lookout:
    """Looks at these jobs, or with None at all that there are, and at the GPUs of this machine."""

    def view() -> GpuView | None:
        devices.refresh()
        return devices.desk.view() if devices.desk else None

    return Lookout(store, jobs, view=view, newest_line=newest_line)


def watch(
    store: Store,
    jobs: Sequence[Job] | None,
    devices: Devices,
    newest_line: Callable[[Path], str],
    tell: Callable[[Ended], None],
) -> Generator[Scene, None, None]:
    """Scenes until all of `jobs` are over; with None until nothing of anybody runs or waits. `tell` hears of attempts that have
    ended. What no runner writes down is written down, as by `wait`."""
    looking = lookout(store, jobs, devices, newest_line)
    with Ears(store) as ears:
        before: tuple[Attempt, ...] = ()
        while True:
            ears.drain()
            begun = time.thread_time()
            scene = looking.scene()
            _tell_of_ends(store, before, looking.attempts, tell)
            before = looking.attempts
            yield scene
            if scene.is_over:
                return
            rest = pause(time.thread_time() - begun)
            time.sleep(rest)
            ears.follow(before)
            ears.wait(max(CLOCK - rest, 0.0))


def _tell_of_ends(store: Store, before: Sequence[Attempt], now: Sequence[Attempt], tell: Callable[[Ended], None]) -> None:
    names = {attempt.name for attempt in now}
    for attempt in (each for each in before if each.name not in names):
        over = store.attempt(attempt.job, attempt.number)
        if over and over.ending:
            job = store.job(over.job)
            tell(Ended(job, over, over.ending, over.duration, again=job.state is not over.ending.state))
