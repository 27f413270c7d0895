"""The decisions of a runner, without a runner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.experiments import Policy, Resources
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.reading import Gpu, Reading
from scheduler.queue.job import Ending, Job, deserves_another_attempt
from scheduler.queue.states import State
from scheduler.runner.gpu_view import GpuView
from scheduler.runner.plan import Start, Stop, Wait, World, in_vain, plan
from tests.queued import job


def world(*waiting: Job, active: tuple[Job, ...] = (), slots: int = 2, **changes) -> World:
    return World(waiting=waiting, active=active, slots=slots, **{"cores": 8, **changes})


def gpus(count: int, total: int = 16_000, used: int = 0) -> GpuView:
    devices = tuple(Gpu(uuid=f"GPU-{n}", index=n, name="A", total=total, used=used) for n in range(count))
    return GpuView(Reading(devices), (), Observation(), Settings())


def started(decisions: list) -> list[int]:
    return [each.job.number for each in decisions if isinstance(each, Start)]


def test_jobs_start_in_the_order_of_the_queue_up_to_the_free_slots() -> None:
    """-j N is a promise about how many run at once."""
    assert started(plan(world(job(1), job(2), job(3)))) == [1, 2]
    assert started(plan(world(job(2), job(3), active=(job(1),)))) == [2]
    assert started(plan(world(job(3), active=(job(1), job(2))))) == []


@pytest.mark.parametrize("stop", [Stop.DRAIN, Stop.NOW])
def test_after_a_ctrl_c_nothing_starts(stop: Stop) -> None:
    """The first Ctrl-C means: nothing more."""
    assert plan(world(job(1), stop=stop)) == []


def test_a_job_that_wants_more_cores_than_are_left_waits_and_lets_others_pass() -> None:
    """Declared CPU needs are honoured; what did not declare any is limited by slots alone."""
    decisions = plan(world(job(1, resources=Resources(cpus=6)), job(2, resources=Resources(cpus=4)), job(3), slots=3))
    assert started(decisions) == [1, 3]
    assert [each.job.number for each in decisions if isinstance(each, Wait)] == [2]


def test_cores_that_running_jobs_asked_for_are_gone() -> None:
    """Eight cores, six of them taken: two are left, and the sentence says so."""
    running = job(1, resources=Resources(cpus=6))
    decisions = plan(world(job(2, resources=Resources(cpus=3)), job(3, resources=Resources(cpus=2)), active=(running,), slots=5))
    assert started(decisions) == [3]
    assert [each.reason for each in decisions if isinstance(each, Wait)] == ["it asks for 3 CPU cores and 2 are left"]


def test_a_job_that_asks_for_no_cores_takes_none() -> None:
    """It is limited by the slots alone: one more that asks for all of them still starts."""
    plain, all_cores = job(1), job(2, resources=Resources(cpus=8))
    assert started(plan(world(plain, all_cores, slots=5))) == [1, 2]
    assert started(plan(world(all_cores, active=(plain,), slots=5))) == [2]
    assert started(plan(world(all_cores, job(3), slots=5))) == [2, 3]


def test_a_job_for_gpus_waits_for_ever_on_a_machine_without() -> None:
    """The CPU is no GPU; that it will never come is said in so many words."""
    decisions = plan(world(job(1, resources=Resources(gpus=1)), job(2, resources=Resources(gpus=2)), job(3), slots=5))
    waits = [each for each in decisions if isinstance(each, Wait)]
    assert [each.reason for each in waits] == ["it asks for 1 GPU and there is none", "it asks for 2 GPUs and there is none"]
    assert [each.passing for each in waits] == [False, False]
    assert started(decisions) == [3]


def test_only_a_job_that_gpus_keep_waiting_keeps_others_waiting() -> None:
    """One that waits for cores reserves neither a slot nor GPUs: cores come free without them."""
    view = gpus(1)
    many_cores = job(1, resources=Resources(cpus=9, gpus=1))
    assert started(plan(world(many_cores, job(2, resources=Resources(gpus=0)), slots=1, gpus=view))) == [2]
    assert started(plan(world(many_cores, job(2), slots=1, gpus=view))) == [2]
    for cpu_job in (job(1, resources=Resources(cpus=9, gpus=0)), job(1, resources=Resources(cpus=9))):
        assert started(plan(world(cpu_job, job(2), slots=1))) == [2]


def test_a_job_that_would_take_the_last_core_reserves_as_well() -> None:
    """It waits for GPUs alone: exactly its cores are there."""
    full = gpus(1, used=9_000)
    head = job(1, resources=Resources(cpus=8))
    assert started(plan(world(head, job(2, resources=Resources(gpus=0)), slots=1, gpus=full))) == []


def test_a_job_that_reserves_without_asking_for_cores_keeps_a_slot_alone() -> None:
    """All cores are still there for one that fills in."""
    full = gpus(1, used=9_000)
    assert started(plan(world(job(1), job(2, resources=Resources(gpus=0, cpus=8)), slots=2, gpus=full))) == [2]


def test_a_job_without_cores_of_its_own_reserves_where_none_is_left() -> None:
    """It does not need one: it waits for the GPU alone, and the last slot is kept for it."""
    taken = job(9, resources=Resources(cpus=8))
    waiting = (job(1), job(2, resources=Resources(gpus=0)))
    assert started(plan(world(*waiting, active=(taken,), slots=2, gpus=gpus(1, used=9_000)))) == []


def test_a_wait_is_heard_of_unless_it_is_said_to_pass() -> None:
    """A claim that was lost to somebody else may last for days."""
    assert not Wait(job(1), "held by anna").passing


def test_two_jobs_of_one_turn_never_get_the_same_gpu() -> None:
    """What a turn has given away counts at once, although no claim is on disk yet."""
    decisions = plan(world(job(1), job(2), job(3), slots=3, gpus=gpus(2)))
    starts = [each for each in decisions if isinstance(each, Start)]
    assert [share.index for each in starts if each.placement for share in each.placement.shares] == [0, 1]
    assert isinstance(decisions[2], Wait)


def test_small_jobs_share_a_gpu_by_what_they_ask_for_before_they_have_allocated_it() -> None:
    """Three requests of 6 GB do not fit into 16 GB, however empty it looks."""
    small = Resources(gpus=1, gpu_memory=6_000)
    decisions = plan(world(*(job(n, resources=small) for n in (1, 2, 3)), slots=3, gpus=gpus(1)))
    assert started(decisions) == [1, 2]


def test_a_job_that_says_no_gpu_runs_beside_full_gpus() -> None:
    """`gpus: 0` needs no claim, on a machine with GPUs too."""
    decisions = plan(world(job(1), job(2, resources=Resources(gpus=0)), gpus=gpus(1, used=9_000)))
    assert started(decisions) == [2]


def test_small_jobs_do_not_starve_one_that_needs_several_gpus() -> None:
    """A two-GPU job at the head of the queue holds back what is behind it until both are free."""
    view = gpus(2)
    busy = view.with_start(plan(world(job(0), gpus=view))[0].placement)  # type: ignore[arg-type,union-attr]
    decisions = plan(world(job(1, resources=Resources(gpus=2)), job(2), active=(job(0),), slots=4, gpus=busy))
    assert started(decisions) == []


def test_unknown_gpus_start_nothing_but_cpu_jobs() -> None:
    """A driver that does not answer must never mean GPU 0."""
    view = GpuView(Reading(problem="driver and library differ"), (), Observation(), Settings())
    decisions = plan(world(job(1), job(2, resources=Resources(gpus=0)), gpus=view))
    assert started(decisions) == [2]
    assert "driver and library differ" in decisions[0].reason  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("state", "policy", "failures", "again"),
    [
        (State.FAILED, Policy(retries=1), 0, True),
        (State.FAILED, Policy(retries=1), 1, False),
        (State.TIMEOUT, Policy(retries=2), 1, True),
        (State.FAILED, Policy(), 0, False),
        (State.CANCELLED, Policy(retries=5), 0, False),
        (State.LOST, Policy(retries=5), 0, False),
        (State.LOST, Policy(resumable=True), 0, True),
        (State.DONE, Policy(retries=5), 0, False),
    ],
)
def test_only_the_declared_policy_starts_a_job_again(state: State, policy: Policy, failures: int, again: bool) -> None:
    """Promise `once`: a lost job may have done anything, so retries do not cover it."""
    assert deserves_another_attempt(job(1, policy=policy, failures=failures), Ending(state)) is again


def test_what_waits_beside_a_free_slot_tells_what_is_asked_for_in_vain() -> None:
    """Whoever asks for the same need not be looked at; where no slot is free, nobody need."""
    two = [job(number, resources=Resources(gpus=2)) for number in (1, 2)]
    seen = world(*two, job(3), gpus=None)
    assert in_vain(seen, plan(seen)) == tuple(two)
    full = world(two[0], job(2), job(3), job(4), slots=1)
    assert in_vain(full, plan(full)) == ()
    unread = world(two[0], gpus=replace(gpus(2), fresh=False))
    assert in_vain(unread, plan(unread)) == ()
