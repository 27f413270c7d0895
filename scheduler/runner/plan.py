"""The decisions of a runner: pure functions from what is seen to what is done. Nothing here touches the world."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

from scheduler.gpus.placement import Placement, Refusal
from scheduler.queue.job import Job
from scheduler.runner.gpu_view import GpuView, wants_gpu
from scheduler.values import dataclass

AWAITED = Refusal("the GPUs are being read")


class Stop(IntEnum):
    """How far the person who pressed Ctrl-C wants to go."""

    NO = 0
    DRAIN = 1  # start nothing more, let the running finish
    NOW = 2  # stop what runs


class Places(Protocol):
    """Other machines, as they stand: they themselves give jobs their cores and their GPUs."""

    def place(self, job: Job) -> str | Refusal:
        """On which of them the job could start now, "" where that shows later; or why on none."""

    def with_start(self, job: Job, place: str) -> Places:
        """The same once it was sent there."""

    def behind(self, job: Job) -> Places:
        """What is left for those behind a job that waits and must not be delayed."""


@dataclass(frozen=True)
class World:
    """All that a decision may depend on."""

    waiting: tuple[Job, ...]  # the first of the queue, oldest first
    active: tuple[Job, ...]  # started and not yet over, whoever started them
    slots: int  # at most so many active at once
    cores: int
    gpus: GpuView | None = None  # None: a machine without GPUs
    stop: Stop = Stop.NO
    places: Places | None = None  # where jobs go, if not on this machine


@dataclass(frozen=True)
class Start:
    """Start a job; on these GPUs, or without any, or on another machine, `host`. `head` is the job ahead of it that must not be
    delayed."""

    job: Job
    placement: Placement | None = None
    head: Job | None = None
    host: str = ""


@dataclass(frozen=True)
class Wait:
    """A job that could have started but for this. `passing`: it is over in a moment, and nobody needs to hear of it."""

    job: Job
    reason: str
    passing: bool = False


def plan(world: World) -> list[Start | Wait]:
    """What to start now, in the order of the queue, and what waits for something other than a slot.

    The first job that waits for GPUs reserves: a slot and its cores are kept for it, and what stands behind it starts only
    where that cannot delay it. So no stream of small jobs can starve a large one.
    """
    if world.stop is not Stop.NO:
        return []
    return _elsewhere(world, world.places) if world.places else _here(world)


def _here(world: World) -> list[Start | Wait]:
    decisions: list[Start | Wait] = []
    free, gpus, cores = world.slots - len(world.active), world.gpus, world.cores - _cores(world.active)
    head: Job | None = None
    for job in world.waiting:
        if free <= 0:
            break
        place = _place(job, gpus, cores, head)
        if isinstance(place, Refusal):
            decisions.append(Wait(job, place.sentence, passing=place is AWAITED))
            if head is None and _reserves(job, place, gpus, cores):
                head = job
                free, cores = free - 1, cores - (job.resources.cpus or 0)
            continue
        decisions.append(Start(job, place, head))
        free, cores = free - 1, cores - (job.resources.cpus or 0)
        gpus = gpus.with_start(place) if gpus and place else gpus
    return decisions


def _elsewhere(world: World, places: Places) -> list[Start | Wait]:
    decisions: list[Start | Wait] = []
    free, reserved = world.slots - len(world.active), False
    for job in world.waiting:
        if free <= 0:
            break
        place = places.place(job)
        if isinstance(place, Refusal):
            decisions.append(Wait(job, place.sentence))
            if not reserved and wants_gpu(job.resources):
                reserved, places = True, places.behind(job)
            continue
        decisions.append(Start(job, host=place))
        free, places = free - 1, places.with_start(job, place)
    return decisions


def in_vain(world: World, decisions: Sequence[Start | Wait]) -> tuple[Job, ...]:
    """The jobs that wait while a slot is free: another that asks for the same would wait as well. None where no slot is free for
    whoever stands behind them, or where their wait is over in a moment."""
    waits = [each for each in decisions if isinstance(each, Wait)]
    if len(decisions) < len(world.waiting) or any(wait.passing for wait in waits):
        return ()
    return tuple(wait.job for wait in waits)


def _place(job: Job, gpus: GpuView | None, cores: int, head: Job | None) -> Placement | Refusal | None:
    wanted = job.resources.cpus or 0
    if wanted > cores:
        return Refusal(f"it asks for {wanted} CPU cores and {max(cores, 0)} are left")
    if not gpus and job.resources.gpus:  # the CPU is no GPU, also for a job that came when the runner had begun
        return Refusal(f"it asks for {job.resources.gpus} GPU{'s' * (job.resources.gpus > 1)} and there is none", never=True)
    if not gpus or not wants_gpu(job.resources):
        return None
    return gpus.admit(job, head) if gpus.fresh else AWAITED


def _reserves(job: Job, refusal: Refusal, gpus: GpuView | None, cores: int) -> bool:
    """Whether a refused job may keep others behind it waiting: it waits for GPUs, and these are known and may come free."""
    waits_for_gpus = gpus is not None and wants_gpu(job.resources) and (job.resources.cpus or 0) <= cores
    return waits_for_gpus and gpus is not None and gpus.fresh and not gpus.reading.problem and not refusal.hopeless


def _cores(jobs: tuple[Job, ...]) -> int:
    """Cores that running jobs have asked for. A job that did not ask is limited by the number of slots alone."""
    return sum(job.resources.cpus or 0 for job in jobs)
