"""What a runner looks at before it decides: a stretch of the queue, and more of it where all of that waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scheduler.queue.job import Job
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.runner.gpu_view import History
from scheduler.runner.left_out import Choice
from scheduler.runner.plan import (
    Start,
    Stop,
    Wait,
    World,
    in_vain,
    plan,
)

LOOK_AHEAD = 16  # queued jobs considered beyond the free slots at once, on a machine with GPUs
PAGES = 8  # so many looks further, each at jobs that ask for something else


class Outlook:
    """The decisions of a turn. However many jobs wait at the head of the queue, one behind them that fits is found."""

    def __init__(self, store: Store, devices: Devices, choice: Choice) -> None:
        self._store, self._devices, self._choice = store, devices, choice

    def decide(self, active: Sequence[Job], slots: int, *, now: float, stop: Stop) -> list[Start | Wait]:
        """What to start at `now` beside the `active`, in the order of the queue, and what waits for more than a slot."""
        limit = max(0, slots - len(active)) + (LOOK_AHEAD if self._devices.desk else 0)
        page = self._choice.due(limit, now) if len(active) < slots else ()
        world = self._world(active, slots, page, stop)
        decisions = plan(world)
        # A full page may hide something. Whoever asks for what others have just been refused is passed over unseen, so that a
        # hundred thousand jobs alike cost one look more.
        for _ in range(PAGES):
            if len(page) < limit or not (waits := in_vain(world, decisions)):
                break
            page = self._choice.due(limit, now, page[-1], waits)
            world = self._with(world, page)
            decisions = plan(world)
        return decisions

    def _world(self, active: Sequence[Job], slots: int, waiting: tuple[Job, ...], stop: Stop) -> World:
        desk = self._devices.desk
        history = self._history(waiting)
        gpus = desk.view(history) if desk else None
        return World(waiting, tuple(active), slots, self._devices.cores, gpus, stop, self._devices.places(history))

    def _with(self, world: World, page: tuple[Job, ...]) -> World:
        waiting = (*world.waiting, *page)
        gpus = world.gpus and replace(world.gpus, history={**world.gpus.history, **self._store.gpu_uses(page)})
        places = world.places and self._devices.places(self._history(waiting))
        return replace(world, waiting=waiting, gpus=gpus, places=places)

    def _history(self, waiting: tuple[Job, ...]) -> History:
        return self._store.gpu_uses(waiting) if waiting and self._devices.learns else {}
