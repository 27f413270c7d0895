"""Case 17: a job that waits for GPUs reserves; what stands behind it fills in only where that cannot delay it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduler.experiments import Resources
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Reading
from scheduler.queue.job import Job
from scheduler.runner.gpu_view import GpuView
from scheduler.runner.plan import Start, Wait, World, plan
from tests import queued


def job(number: int, **resources) -> Job:
    return queued.job(number, resources=Resources(**resources))


def held(uuid: str, memory: int | None = None) -> ClaimRecord:
    return ClaimRecord(f"claim-{uuid}-{memory}", {uuid: memory}, exclusive=memory is None, pid=1, uid=1)


def view(*gpus: Gpu, claims: tuple[ClaimRecord, ...] = ()) -> GpuView:
    return GpuView(Reading(gpus), claims, Observation(), Settings())


def gpu(number: int, total: int = 16_000, **facts) -> Gpu:
    return Gpu(f"GPU-{number}", index=number, bus=f"{number}", name="A", total=total, used=0, **facts)


def starts(gpus: GpuView, *waiting: Job, slots: int = 9) -> list[int]:
    decisions = plan(World(waiting, (), slots, cores=8, gpus=gpus))
    return [each.job.number for each in decisions if isinstance(each, Start)]


FOUR = tuple(gpu(n) for n in range(4))
BUSY = (held("GPU-0"),)


def test_a_four_gpu_job_with_three_free_keeps_them_from_the_small_ones() -> None:
    """Otherwise a stream of small jobs would starve it for ever."""
    assert starts(view(*FOUR, claims=BUSY), job(1, gpus=4), job(2), job(3, gpu_memory=1000)) == []
    assert starts(view(*FOUR, claims=BUSY), job(2), job(3)) == [2, 3]


def test_the_reservation_says_why_the_small_ones_wait() -> None:
    """A free GPU and a waiting job look like a defect unless somebody explains."""
    decisions = plan(World((job(1, gpus=4), job(2)), (), 9, 8, view(*FOUR, claims=BUSY)))
    assert [each.reason for each in decisions if isinstance(each, Wait)][1].count("kept for a job that waits longer") == 3


def test_a_single_gpu_job_is_not_starved_by_shares_either() -> None:
    """Whole GPU wanted, and small jobs come and go on the only one: they must let it run empty."""
    sharing = view(gpu(0), claims=(held("GPU-0", 4000),))
    assert starts(sharing, job(1), job(2, gpu_memory=1000)) == []
    assert starts(sharing, job(2, gpu_memory=1000)) == [2]


def test_jobs_fill_in_on_gpus_that_the_first_can_never_use() -> None:
    """Too small for it: nothing is gained by leaving them idle."""
    mixed = view(gpu(0), gpu(1, total=4000), claims=BUSY)
    assert starts(mixed, job(1, gpu_memory=12_000), job(2, gpu_memory=1000)) == [2]


def test_jobs_fill_in_beside_it_where_it_still_fits() -> None:
    """It waits for a second GPU; on the first there is room for it and for a small one, come what may."""
    shared = view(gpu(0), gpu(1), claims=(held("GPU-1"),))
    assert starts(shared, job(1, gpus=2, gpu_memory=8000), job(2, gpu_memory=4000), job(3, gpu_memory=4000)) == [2]


def test_a_slot_and_cores_are_kept_too() -> None:
    """A GPU that comes free is of no use to it while the last slot is lent out."""
    full = view(gpu(0), claims=BUSY)
    assert starts(full, job(1), job(2, gpus=0), slots=1) == []
    assert starts(full, job(1), job(2, gpus=0), slots=2) == [2]
    assert starts(full, job(1, cpus=6), job(2, gpus=0, cpus=4), job(3, gpus=0, cpus=2)) == [3]


def test_what_can_never_start_or_is_not_known_keeps_nothing() -> None:
    """A reservation for nothing would stop the whole queue."""
    lost = view(gpu(0), gpu(1, problem="lost"), claims=())
    assert starts(lost, job(1, gpus=3), job(2)) == [2]
    unknown = replace(view(), reading=Reading(problem="no answer"))
    assert starts(unknown, job(1), job(2, gpus=0), slots=1) == [2]


def test_a_lost_gpu_keeps_no_reservation_and_a_stumbling_one_does() -> None:
    """Three healthy GPUs stood idle for ever behind a job that wanted the lost fourth as well."""
    lost = view(*FOUR[:3], gpu(3, problem="GPU is lost", lasting=True))
    decisions = plan(World((job(1, gpus=4), job(2), job(3)), (), 9, 8, lost))
    assert [each.job.number for each in decisions if isinstance(each, Start)] == [2, 3]
    assert [each.reason for each in decisions if isinstance(each, Wait)] == ["needs 4 GPUs, 3 can be had now: GPU 3: GPU is lost"]
    stumbling = view(*FOUR[:3], gpu(3, problem="Timeout"))
    assert starts(stumbling, job(1, gpus=4), job(2), job(3)) == []


def test_a_job_that_healthy_gpus_can_serve_reserves_beside_a_lost_one() -> None:
    """Two of three are enough for it; the lost fourth must not cost it its turn."""
    lost = view(*FOUR[:3], gpu(3, problem="GPU is lost", lasting=True), claims=(held("GPU-0"), held("GPU-1")))
    assert starts(lost, job(1, gpus=2), job(2)) == []


def test_an_old_reading_starts_nothing_and_reserves_nothing() -> None:
    """The new one is there in a moment; whatever happened since the old one is not known."""
    decisions = plan(World((job(1), job(2, gpus=0)), (), 1, 8, replace(view(gpu(0)), fresh=False)))
    assert [type(each) for each in decisions] == [Wait, Start]
    assert decisions[0].passing  # type: ignore[union-attr]


def test_an_old_head_fits_at_least_as_early_as_without_the_others() -> None:
    """The planted opposite: without a head, the same small job does take the GPU that the head needs."""
    sharing = view(gpu(0), gpu(1), claims=(held("GPU-1"),))
    assert starts(sharing, job(1, gpus=2), job(2)) == []
    assert starts(sharing, job(2)) == [2]


machines = st.lists(
    st.tuples(st.integers(2000, 24_000), st.lists(st.one_of(st.none(), st.integers(500, 6000)), max_size=2)),
    min_size=1,
    max_size=4,
)
how = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"gpu_memory": st.integers(500, 20_000)}),
    st.fixed_dictionaries({"share": st.integers(1, 5)}),
)
wants = st.builds(lambda gpus, how: {"gpus": gpus, **how}, st.integers(1, 3), how)


@given(machines, wants, st.lists(wants, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_no_order_of_ends_lets_the_head_start_later_because_of_backfill(machine, head_wants, small_wants, luck) -> None:
    """The promise itself: end the claims that were there one by one, in any order, with the backfilled jobs running on
    for ever; whenever the head could start without them, it can with them."""
    claims = [
        replace(held(f"GPU-{n}", memory), id=f"{n}-{i}")
        for n, (_, shares) in enumerate(machine)
        for i, memory in enumerate(shares)
    ]
    before = view(*(gpu(n, total) for n, (total, _) in enumerate(machine)), claims=tuple(claims))
    head = job(1, **head_wants)
    decisions = plan(World((head, *(job(n + 2, **w) for n, w in enumerate(small_wants))), (), 99, 8, before))
    if isinstance(decisions[0], Start):
        return
    after = before
    for decision in decisions:
        if isinstance(decision, Start) and decision.placement:
            after = after.with_start(decision.placement)
    filled = after.claims[len(claims) :]
    luck.shuffle(claims)
    while claims:
        claims.pop()
        alone = plan(World((head,), (), 9, 8, replace(before, claims=tuple(claims))))
        beside = plan(World((head,), (), 9, 8, replace(before, claims=(*claims, *filled))))
        never = isinstance(decisions[0], Wait) and "never" in decisions[0].reason
        if isinstance(alone[0], Start) and not never:
            assert isinstance(beside[0], Start), (decisions, claims)
