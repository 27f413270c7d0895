"""How far a runner looks along the queue before it decides, on real SQLite."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.reading import Gpu, Reading
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.gpu_view import GpuView, History
from scheduler.runner.left_out import Choice
from scheduler.runner.outlook import Outlook
from scheduler.runner.plan import Start, Stop, Wait
from scheduler.runner.streaks import Streaks

LOST = Gpu(uuid="GPU-0", index=0, name="A", total=16_000, problem="it is lost", lasting=True)
FREE = Gpu(uuid="GPU-1", index=1, name="A", total=16_000, used=0)


class TwoGpus:
    """A desk whose first GPU is lost; the second is free."""

    def __init__(self, *, fresh: bool = True) -> None:
        self._fresh = fresh

    def never(self, resources) -> str:
        return ""

    def view(self, history: History) -> GpuView:
        return GpuView(Reading((LOST, FREE)), (), Observation(), Settings(), history, self._fresh)


def two_gpus(*, fresh: bool = True) -> Devices:
    return Devices("", TwoGpus(fresh=fresh))  # type: ignore[arg-type]


def text(resources: str, values: list[int]) -> str:
    return f"command: ['true', '${{args}}']\ngrid: {{x: {values}}}\nresources: {resources}\n"


@pytest.fixture
def queue(store: Store, experiments) -> Callable[..., None]:
    """Queue jobs, so many for each kind of resources, in this order."""

    def queued(*kinds: tuple[str, int]) -> None:
        values = itertools.count()
        for resources, count in kinds:
            submit(store, experiments(text(resources, list(itertools.islice(values, count)))), "/")

    return queued


def decide(store: Store, devices: Devices | None = None, slots: int = 2, active: int = 0) -> list[Start | Wait]:
    """`devices` None: two GPUs, as above."""
    mine, devices = Mine(store), devices or two_gpus()
    outlook = Outlook(store, devices, Choice(mine, devices, Streaks()))
    return outlook.decide(mine.waiting(active, 1.0), slots, now=1.0, stop=Stop.NO)


def started(decisions: list[Start | Wait]) -> list[int]:
    return [each.job.number for each in decisions if isinstance(each, Start)]


def test_a_night_of_jobs_for_a_lost_gpu_does_not_keep_the_other_gpu_idle(store: Store, queue) -> None:
    """Nobody was there to reset it; sixteen jobs that asked for it hid the seventeenth."""
    queue(("{gpus: 2}", 200), ("{gpus: 1}", 5))
    assert started(decide(store)) == [201]


def test_jobs_of_every_size_that_wait_are_looked_past(store: Store, queue) -> None:
    """They need not ask for the same, and what fits need not stand together."""
    queue(*((f"{{gpus: 2, gpu_memory: {size}GiB}}", 30) for size in range(1, 6)), ("{gpus: 0}", 40), ("{gpus: 1}", 40))
    assert started(decide(store, slots=3)) == [151, 152, 153]


def test_a_job_that_waits_for_cores_hides_nothing_on_a_machine_without_gpus(store: Store, queue) -> None:
    """There the first look is as long as there are free slots."""
    devices = Devices("the test's machine")
    devices.cores = 4
    queue(("{cpus: 4}", 30), ("{cpus: 3}", 30), ("{}", 5))
    assert started(decide(store, devices, slots=3, active=1)) == [61, 62]


def test_a_queue_of_jobs_alike_costs_one_look_more(store: Store, queue) -> None:
    """The loop decides at each end of a job: a hundred thousand that wait for the same must not be read each time."""
    queue(("{gpus: 2}", 3000))
    assert len(decide(store)) == 2 + 16


def test_while_the_gpus_are_being_read_nobody_looks_further(store: Store, queue) -> None:
    """In a moment more is known, and all of it would be looked at twice."""
    queue(("{gpus: 2}", 30), ("{gpus: 1}", 5))
    assert len(decide(store, two_gpus(fresh=False))) == 2 + 16
