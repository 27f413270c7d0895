"""The launchers of a runner whose jobs Slurm starts: one for each attempt, on a node. To the runner they are like those of its
own machine: it chooses one, hands an order over and hears how that ends."""

from __future__ import annotations

import itertools
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from scheduler.launcher.spawning import Order
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.job import Attempt, Job
from scheduler.slurm import batch
from scheduler.slurm.arrays import Batch
from scheduler.slurm.clerk import Clerk
from scheduler.values import dataclass


@dataclass(frozen=True)
class Cluster:
    """What a runner needs to know of a cluster. `root`: the folder that the nodes of a job see too; `options`: what Slurm is
    asked for it, Shortage where that is not known now; `at_once`: so many of an array run at once, None: as many as Slurm likes;
    `room`: so many attempts are in Slurm at most, and more come when `enough` are over: an array for each end of a job would
    burden Slurm; `longest`: elements of an array."""

    root: Callable[[Job], Path]
    options: Callable[[Job], tuple[str, ...]]
    at_once: int | None
    room: int
    longest: int
    enough: int = 1


@dataclass
class Place:
    """The launcher of one attempt, in an array. It has what a launcher of this machine has."""

    id: str
    array: Batch
    number: int
    clerk: Clerk
    attempts: list[str] = field(default_factory=list)
    port: int | None = None

    def start(self, order: Order, descriptors: list[int], *, more: bool = False) -> bool:
        """Put the order into the array, which `SlurmFleet.flush` submits."""
        self.array.orders[self.number] = replace(order, environment=_environment(order), locks=False)
        self.attempts.append(order.attempt)
        return True

    def release(self) -> None:
        """The attempt that it was chosen for did not begin: its number is passed over."""

    def stop(self, attempt: str, state: str, grace: float | None = None) -> None:
        self.clerk.stop(attempt, state, grace)


class SlurmFleet:
    """As `scheduler.runner.launchers.Fleet`."""

    depth = 1

    def __init__(self, cluster: Cluster, wakeups: Wakeups, heard: Callable[[dict[str, Any]], None]) -> None:
        self._cluster, self._report = cluster, heard
        self._clerk = Clerk()
        self._open: dict[tuple[Path, tuple[str, ...]], Batch] = {}
        self._batches: dict[str, Batch] = {}
        self._full: list[Batch] = []
        self._numbers: dict[str, Iterator[int]] = {}
        self._busy: set[str] = set()
        wakeups.watch(self._clerk, self._hear)

    @property
    def capacity(self) -> int:
        """How many attempts may be in Slurm."""
        free = self._cluster.room - len(self._busy)
        return len(self._busy) + (free if free >= self._cluster.enough else 0)

    def resize(self, limit: int) -> None:
        """The room does not change."""

    def learn(self, duration: float) -> None:
        """Nothing is handed ahead of time."""

    def recall(self, now: float) -> None:
        """Nothing waits behind a job."""

    def patience(self, now: float) -> float | None:
        return None

    def well_fed(self) -> bool:
        return False

    def choose(self, job: Job, *_: object) -> Place:
        """The place of one more attempt, in the array of those that ask for the same."""
        alike = (self._cluster.root(job), self._cluster.options(job))
        array = self._open.get(alike)
        if array is None:
            array = self._open[alike] = self._new(*alike)
        number = next(self._numbers[array.name])
        if number + 1 >= self._cluster.longest:
            self._full.append(self._open.pop(alike))
        return Place(batch.launcher_of(array.name, number), array, number, self._clerk)

    def _new(self, root: Path, options: tuple[str, ...]) -> Batch:
        name = secrets.token_hex(6)
        array = Batch(name, batch.folder_of(root, name), options, self._cluster.at_once)
        self._batches[name] = array
        self._numbers[name] = itertools.count()
        return array

    def flush(self) -> None:
        """Submit the arrays that have gathered."""
        for array in [*self._full, *self._open.values()]:
            if array.orders:
                self._busy.update(order.attempt for order in array.orders.values())
                self._clerk.submit(array)
        self._open, self._full = {}, []

    def attend(self, attempt: Attempt) -> Place | None:
        """Watch an attempt that an earlier runner has given to Slurm; None where it has not."""
        place = self._clerk.watch(attempt)
        if place is None:
            return None
        array, number = place
        self._batches[array.name] = array
        self._busy.add(attempt.name)
        return Place(attempt.launcher, array, number, self._clerk, [attempt.name])

    def call_back(self) -> None:
        """Take back everything that has not started; `dropped` is reported for each."""
        self._clerk.call_back()

    def leave(self) -> None:
        """What is in Slurm goes on."""
        self._clerk.close()

    def over(self, attempt: Attempt) -> None:
        """Its end is written down; `tidy` removes what is left of it."""

    def tidy(self, still_needed: Collection[str]) -> None:
        """Remove the folders of arrays of which nothing is open any more. The manifest first: without it nothing starts."""
        needed = {place[0] for place in map(batch.place_of, still_needed) if place}
        for name, array in self._batches.items():
            if name not in needed:
                (array.folder / "manifest").unlink(missing_ok=True)
                shutil.rmtree(array.folder, ignore_errors=True)

    def _hear(self) -> None:
        for message in self._clerk.reports():
            if message["is"] in ("ended", "dropped"):
                self._busy.discard(message["attempt"])
            self._report(message)


def _environment(order: Order) -> dict[str, str | None]:
    """Without what is true of the machine of the runner alone: which GPUs it sees, Slurm says on the node."""
    return {name: text for name, text in order.environment.items() if name not in ("CUDA_VISIBLE_DEVICES", "EXP_QUEUE_SLOT")}
