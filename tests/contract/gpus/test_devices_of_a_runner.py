"""The door between a runner and the GPUs: real readings of the fake driver, real claims."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_driver import FakeDriver, gpu_lines

from scheduler.experiments import Resources
from scheduler.gpus.claims import Claim
from scheduler.gpus.packing import SUSPICIOUS, GpuUse
from scheduler.queue.job import Job
from scheduler.runner.devices import open_devices
from scheduler.runner.job_desk import JobDesk
from scheduler.runner.plan import Start, Wait, World, plan
from tests import queued


def job(number: int, **resources) -> Job:
    return queued.job(number, resources=Resources(**resources))


@pytest.fixture
def desk(driver: FakeDriver) -> Iterator[JobDesk]:
    driver.shows(*gpu_lines(4))
    opened = open_devices()
    assert opened.desk
    yield opened.desk
    opened.close()


def test_a_gpu_that_was_set_aside_keeps_nobody_waiting_for_it(desk: JobDesk) -> None:
    """It is not used again in this run, so a job for all GPUs can never start: what stands behind it must not wait with it."""
    desk.ended([GpuUse(f"job {n}", 1, "GPU-2", "Fake", out_of_memory=True) for n in range(SUSPICIOUS)])
    decisions = plan(World((job(1, gpus=4), job(2)), (), 4, 8, desk.view()))
    assert [type(each) for each in decisions] == [Wait, Start]
    assert "set aside" in decisions[0].reason  # type: ignore[union-attr]


def test_there_is_room_for_what_would_get_its_gpus_now(desk: JobDesk) -> None:
    """A server's run is asked for only then: it would wait here, and could be computed elsewhere."""
    (start,) = plan(World((job(1, gpus=2),), (), 4, 8, desk.view()))
    assert isinstance(start, Start)
    claim = desk.take(start)
    assert isinstance(claim, Claim)
    wanted = {gpus: desk.room(Resources(gpus=gpus)) for gpus in (None, 0, 2, 3, 4)}
    assert wanted == {None: True, 0: True, 2: True, 3: False, 4: False}
    claim.close()
    assert desk.room(Resources(gpus=4))
