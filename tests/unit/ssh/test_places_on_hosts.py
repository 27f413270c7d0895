"""Which host a job goes to, and what waits: the plan of a runner whose jobs run on hosts, without hosts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.experiments import Resources
from scheduler.gpus.packing import GpuUse
from scheduler.gpus.placement import Refusal
from scheduler.runner.plan import Start, Wait, World, plan
from scheduler.ssh.kinds import kind_of
from scheduler.ssh.places import NO_ROOM, NOWHERE, HostsNow, Seen
from tests.unit.runner.test_plan import job

pytestmark = pytest.mark.timeout(120)  # nothing here waits: only a broken program meets it

CPU, GPU, TWO = Resources(gpus=0), Resources(gpus=1), Resources(gpus=2)
A_GPU = kind_of(GPU)


def host(name: str, slots: int = 2, gpus: int = 0, **more) -> Seen:
    plain = Seen(name, slots, 0, 0, bool(gpus), gpus, 0, 8, {}, {}, "", frozenset(), frozenset())
    return replace(plain, **more)


def decided(hosts: list[Seen], *wanted: Resources, slots: int = 99) -> list[str]:
    """Of each job where it goes, or why it waits."""
    waiting = tuple(job(number, resources=each) for number, each in enumerate(wanted))
    decisions = plan(World(waiting, (), slots, 8, places=HostsNow(tuple(hosts))))
    return [each.host if isinstance(each, Start) else each.reason for each in decisions]


def test_a_job_goes_where_most_is_free_and_no_more_go_than_there_is_room_for() -> None:
    """What a turn has given away counts at once, though no host has heard of it."""
    hosts = [host("ada", 3, busy=1), host("babbage", 3), host("curie", 0)]
    assert decided(hosts, *[CPU] * 6) == ["babbage", "ada", "babbage", "ada", "babbage", NO_ROOM]
    assert decided(hosts, CPU, CPU, CPU, slots=2) == ["babbage", "ada"]


def test_what_a_host_has_given_back_goes_elsewhere_until_it_has_room() -> None:
    """Sent there again it only came back, every two seconds. Whatever asks for something else goes there all the same."""
    full = host("ada", 9, gpus=2, not_now={A_GPU: "GPU 0 is in use"}, doubtful=frozenset({A_GPU}))
    assert decided([full, host("babbage", 1, gpus=1)], GPU, GPU) == ["babbage", "ada: GPU 0 is in use"]
    assert decided([full], CPU, GPU) == ["ada", "ada: GPU 0 is in use"]


def test_of_what_was_given_back_before_one_goes_at_a_time() -> None:
    """There is room again, nobody knows for how many: all at once, all but one came back."""
    careful = host("ada", 4, gpus=4, doubtful=frozenset({A_GPU}))
    assert decided([careful], GPU, GPU) == ["ada", NO_ROOM]
    assert decided([replace(careful, trying=frozenset({A_GPU}))], GPU) == [NO_ROOM]
    assert decided([host("ada", 4, gpus=4)], GPU, GPU) == ["ada", "ada"]


def used(peak: int) -> GpuUse:
    """By an attempt that has succeeded."""
    return GpuUse("earlier", 1, "GPU-0", "A", peak=peak, succeeded=True)


def test_a_host_without_room_for_one_that_needs_much_is_asked_for_one_that_needs_little() -> None:
    """They ask for the same; but what was tried with the one says nothing of the other. It waited until there was room for the
    first, also when somebody had cancelled that."""
    much, little = replace(job(1, resources=GPU), experiment="much"), replace(job(2, resources=GPU), experiment="little")
    history = {"much": (used(20_000),), "little": (used(2_000),)}
    ada = host("ada", 2, gpus=2, not_now={kind_of(GPU, history["much"]): "GPU 0 is in use"})
    now = HostsNow((ada,), history)
    assert [now.place(each) for each in (much, little)] == [Refusal("ada: GPU 0 is in use"), "ada"]
    assert now.with_start(little, "ada").seen[0].trying == {kind_of(GPU, history["little"])}


def test_jobs_of_which_nothing_is_known_and_those_that_need_as_many_gibibytes_are_of_one_kind() -> None:
    """Each job of another kind is sent once to a host that is full: a hundred trials must not be."""
    assert kind_of(GPU, [used(2_000)]) == kind_of(GPU, [used(2_100)]) != kind_of(GPU, [used(4_000)]) != kind_of(GPU)
    assert kind_of(GPU, [replace(used(2_000), succeeded=False)]) == kind_of(GPU) != kind_of(TWO)
    failed = GpuUse("earlier", 1, "GPU-0", "A", granted=6_000, out_of_memory=True)
    named = Resources(gpu_memory=6_000)
    assert len({kind_of(named), kind_of(named, [failed]), kind_of(named, [failed, replace(failed, attempt=2)])}) == 3


def test_what_ran_out_of_memory_goes_first_where_most_of_it_is() -> None:
    """The host with the smallest GPUs had most slots free, and was sent it again, to fail again."""
    small, large = host("ada", 4, gpus=4, memory=12_000), host("babbage", 1, gpus=1, memory=24_000)
    failed = GpuUse("earlier", 1, "GPU-0", "Small", 12_000, out_of_memory=True)
    work = job(1, resources=GPU)

    def place(*uses: GpuUse) -> str | Refusal:
        return HostsNow((small, large), {work.experiment: uses}).place(work)

    assert place(failed) == "babbage"
    assert place() == place(failed, replace(failed, attempt=2, succeeded=True, out_of_memory=False)) == "ada"
    assert place(replace(failed, contended=True)) == "ada", "that was no fault of the GPU"


def test_slots_of_others_are_not_for_us_and_that_is_said() -> None:
    """Two runs on one host: the second was sent its job back again and again."""
    assert decided([host("ada", 1, taken=1)], CPU) == ["ada: its slot is taken by another run"]
    assert decided([host("ada", 3, taken=2, busy=1)], CPU) == ["ada: its slots are taken by other runs"]
    assert decided([host("ada", 3, taken=2)], CPU) == ["ada"]
    assert decided([host("ada", 1, busy=1)], CPU) == [NO_ROOM], "of our own jobs nothing need be said"


def test_a_job_without_gpus_passes_those_that_wait_for_one_and_takes_no_slot_from_them() -> None:
    """Files mix trainings and evaluations: the evaluations waited behind the trainings beside a host that had nothing to do."""
    used = host("ada", 1, gpus=1, not_now={A_GPU: "GPU 0 is in use"})
    assert decided([used, host("babbage", 1)], GPU, GPU, CPU, CPU) == ["ada: GPU 0 is in use"] * 2 + ["babbage", NO_ROOM]
    assert decided([replace(used, slots=2)], GPU, CPU, CPU) == ["ada: GPU 0 is in use", "ada", NO_ROOM]


def test_small_jobs_do_not_starve_one_that_needs_several_gpus_of_a_host() -> None:
    """Each GPU that came free was given to the next small one."""
    half = host("ada", 2, gpus=2, not_now={kind_of(TWO): "1 of 2 is free"})
    assert decided([half, host("babbage", 1, gpus=1)], TWO, GPU, GPU) == ["ada: 1 of 2 is free", "babbage", NO_ROOM]
    assert decided([half], GPU) == ["ada"], "where none waits before it"


def test_a_job_without_gpus_goes_first_to_hosts_that_have_none() -> None:
    """A slot of a host with GPUs is what a job for a GPU needs as well."""
    hosts = [host("ada", 4, gpus=4), host("babbage", 1)]
    assert decided(hosts, CPU, CPU) == ["babbage", "ada"]
    assert decided(hosts, GPU) == ["ada"]
    assert decided([host("ada", 2, gpus=2), host("babbage", 8)], Resources()) == ["babbage"]


def test_a_host_with_a_driver_and_no_gpu_gets_only_what_says_that_it_needs_none() -> None:
    """Its GPU is lost, say. What says nothing of GPUs is for one wherever there is a driver, and came back from there."""
    lost = host("ada", 4, driver=True)
    assert decided([lost, host("babbage", 1, gpus=1)], CPU, GPU, Resources()) == ["ada", "babbage", NO_ROOM]
    assert decided([lost, host("babbage", 1)], Resources()) == ["babbage"], "where there is no driver it runs on the CPU"


@pytest.mark.parametrize("wanted", [GPU, Resources(cpus=9), Resources(gpu_memory=80_000)])
def test_a_host_that_can_never_run_a_job_is_not_asked(wanted: Resources) -> None:
    """It has no GPU, too few cores, or has said so itself."""
    small = host("ada", 9, never={Resources(gpu_memory=80_000): "no GPU has 80 GB"})
    assert decided([small], wanted) == [NOWHERE]
    assert decided([small, host("babbage", 1, gpus=1, cores=16)], wanted) == ["babbage"]


def test_where_no_host_answers_nothing_is_sent() -> None:
    """All of them are off."""
    assert HostsNow(()).place(job(1)) == Refusal(NOWHERE)
    assert isinstance(plan(World((job(1),), (), 1, 8, places=HostsNow(())))[0], Wait)
