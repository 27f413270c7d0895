"""The admission rule on plain values. Case numbers: the room's list of cases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.gpus.admission import admit, free_memory
from scheduler.gpus.observation import (
    Observation,
    Seen,
    Settings,
    astray,
    contended,
    observe,
    use,
)
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Request
from scheduler.gpus.reading import (
    NO_DRIVER_NOTE,
    Allowed,
    Gpu,
    Process,
    Reading,
    no_driver,
    numbered,
    unknown,
)

WHOLE, SIX = Request(), Request(memory=6000)
IDLE = Gpu("GPU-a", bus="10", name="Fake", total=24000, reserved=300, used=0)


def machine(*gpus: Gpu, at: float = 100.0) -> Reading:
    return Reading(numbered(gpus), at)


def gpus(count: int) -> list[Gpu]:
    return [replace(IDLE, uuid=f"GPU-{i}", bus=f"{10 + i}") for i in range(count)]


def claim(name: str, memory: int | None = None, *uuids: str, uid: int = 1000) -> ClaimRecord:
    """A living claim on GPU-a or the named ones; with memory, a shared one."""
    held = dict.fromkeys(uuids or ("GPU-a",), memory)
    return ClaimRecord(name, held, memory is None, pid=7, uid=uid, user="anna", label=name)


def process(memory: int | None, claim: str | None = "", pid: int = 9, **more: object) -> Process:
    return Process(pid, memory, **{"name": "python", "uid": 1000, "user": "bob", "claim": claim, **more})  # type: ignore[arg-type]


def decide(
    request: Request,
    reading: Reading,
    *claims: ClaimRecord,
    seen: Observation | None = None,
    settings: Settings | None = None,
) -> Placement | Refusal:
    return admit(request, reading, claims, seen or Observation(), settings or Settings())


def refused(*arguments: object, **more: object) -> str:
    answer = decide(*arguments, **more)  # type: ignore[arg-type]
    assert isinstance(answer, Refusal)
    return answer.sentence


def granted(*arguments: object, **more: object) -> Placement:
    answer = decide(*arguments, **more)  # type: ignore[arg-type]
    assert isinstance(answer, Placement)
    return answer


def test_a_free_gpu_is_granted_whole_without_a_memory_request() -> None:
    """The ordinary case: one job, one GPU, for itself."""
    placement = granted(WHOLE, machine(IDLE))
    assert (placement.exclusive, placement.shares[0].uuid, placement.shares[0].memory) == (True, "GPU-a", None)


def test_a_machine_without_a_driver_never_grants_a_gpu() -> None:
    """Case 1: waiting would last for ever, so the refusal must say that."""
    answer = decide(WHOLE, no_driver(1.0))
    assert answer == Refusal(NO_DRIVER_NOTE, never=True)


def test_unknown_gpus_admit_nothing_for_now() -> None:
    """Cases 2 and 3: never "GPU 0"; but the driver may come back, so it is not never."""
    answer = decide(WHOLE, unknown("Driver Not Loaded", 1.0))
    assert answer == Refusal("the GPUs are unknown, so nothing starts on them: Driver Not Loaded")


def test_a_job_for_the_cpu_does_not_mind_unknown_gpus() -> None:
    """Case 2: a broken driver must not stop the work that needs none."""
    assert granted(Request(gpus=0), unknown("Driver Not Loaded", 1.0)).environment()["CUDA_VISIBLE_DEVICES"] == "-1"


def test_a_job_for_the_cpu_holds_nothing_for_itself() -> None:
    """Its placement has no GPU that could be exclusive."""
    assert granted(Request(gpus=0), machine(IDLE)) == Placement(exclusive=False)


def test_a_gpu_that_is_kept_says_so_only_where_it_could_be_had() -> None:
    """Whoever waits must hear of the one who is really in the way."""
    first, second = gpus(2)
    answer = admit(WHOLE, machine(first, second), [claim("one", None, "GPU-0")], Observation(), Settings(), {"GPU-0", "GPU-1"})
    assert answer == Refusal("GPU 0: held by one (anna, pid 7); GPU 1: kept for a job that waits longer")


def test_a_request_can_name_its_gpus() -> None:
    """`--gpu=1` means that one, and waits for it."""
    reading = machine(*gpus(3))
    assert [share.index for share in granted(Request(only=(1,)), reading).shares] == [1]
    assert [share.index for share in granted(Request(gpus=2, only=(0, 2)), reading).shares] == [0, 2]
    held = refused(Request(only=(1,)), reading, claim("one", None, "GPU-1"))
    assert held == "GPU 1: held by one (anna, pid 7)"
    assert decide(Request(only=(7,)), reading) == Refusal("needs GPU 7, but this machine has 3", never=True)


def test_a_job_of_several_gpus_has_them_all_for_itself_if_it_must_have_one() -> None:
    """One of them takes a single process; the limits that frameworks get for a share would be wrong there."""
    first, second = gpus(2)
    single = replace(second, compute_mode="exclusive-process")
    assert granted(Request(gpus=2, memory=6000), machine(first, single)).exclusive
    assert not granted(Request(gpus=2, memory=6000), machine(first, second)).exclusive


def test_a_job_for_two_gpus_says_how_many_it_could_have() -> None:
    """One is free and it waits all the same: that must be explained."""
    answer = decide(Request(gpus=2), machine(*gpus(2)), claim("one", None, "GPU-0"))
    assert answer == Refusal("needs 2 GPUs, 1 can be had now: GPU 0: held by one (anna, pid 7)")


def test_a_lost_gpu_is_left_out_and_the_other_goes_by_its_uuid() -> None:
    """Case 4: with one lost, CUDA's own numbers are not certain."""
    lost, fine = replace(IDLE, problem="GPU is lost"), replace(IDLE, uuid="GPU-b", bus="20")
    assert granted(WHOLE, machine(lost, fine)).environment()["CUDA_VISIBLE_DEVICES"] == "GPU-b"
    assert refused(WHOLE, machine(lost)) == "GPU 0: GPU is lost"


def test_a_device_without_memory_figures_is_granted_whole_only() -> None:
    """Case 5: without figures nothing can be packed."""
    blind = replace(IDLE, total=None, used=None)
    assert granted(SIX, machine(blind)).exclusive
    assert "held by one" in refused(SIX, machine(blind), claim("one", 1000))


def test_a_request_stands_in_where_memory_is_not_told() -> None:
    """Case 6: in containers our own jobs' memory must not look like somebody else's."""
    busy = replace(IDLE, used=6000, processes=(process(None, "one"),))
    assert granted(SIX, machine(busy), claim("one", 6000))
    assert "2000 MiB used by programs that are not ours" in refused(SIX, machine(replace(busy, used=8000)), claim("one", 6000))


def test_memory_that_nobody_shows_is_not_free() -> None:
    """Case 8: processes of other containers are invisible, their memory is not."""
    full = replace(IDLE, used=9000)
    for request in (WHOLE, SIX):
        assert "9000 MiB used by programs that are not ours" in refused(request, machine(full))


def test_a_small_desktop_does_not_block() -> None:
    """Case 9: a GPU that also draws a screen must stay usable."""
    desktop = replace(IDLE, used=180, processes=(process(180, compute=False, name="gnome-shell"),))
    assert granted(WHOLE, machine(desktop))


def test_a_foreign_process_blocks_and_is_named() -> None:
    """Case 10: whoever waits must be able to ask somebody."""
    busy = replace(IDLE, used=9000, processes=(process(9000),))
    assert refused(WHOLE, machine(busy)) == "GPU 0: used by python (bob, pid 9, 9000 MiB)"


def test_a_foreign_process_of_unknown_memory_blocks() -> None:
    """Not knowing is no reason to start."""
    assert "unknown memory" in refused(WHOLE, machine(replace(IDLE, processes=(process(None),))))


def test_an_idle_notebook_below_the_limit_does_not_block() -> None:
    """A forgotten kernel of 250 MiB must not block a GPU for days; the limit is the owner's to set."""
    idle = replace(IDLE, used=250, processes=(process(250),))
    assert granted(WHOLE, machine(idle))
    assert refused(WHOLE, machine(idle), settings=Settings(ignore_below=200))


def test_servants_of_the_driver_do_not_block() -> None:
    """The MPS server is on every GPU that uses MPS; nothing would ever start there."""
    assert granted(WHOLE, machine(replace(IDLE, used=30, processes=(process(None, name="nvidia-cuda-mps"),))))


def test_a_gpu_is_free_again_after_the_quiet_period() -> None:
    """Case 10: people restart their programs at once; a gap of seconds is no invitation."""
    settings, nothing = Settings(), Observation()
    busy = replace(IDLE, used=9000, processes=(process(9000),))
    seen = observe(nothing, machine(busy, at=100), (), settings)
    seen = observe(seen, machine(IDLE, at=110), (), settings)
    assert refused(WHOLE, machine(IDLE, at=118), seen=seen) == "GPU 0: a foreign process left 8 s ago; quiet period is 20 s"
    assert granted(WHOLE, machine(IDLE, at=131), seen=seen)
    assert granted(WHOLE, machine(IDLE, at=110), seen=seen, settings=Settings(quiet=0))


def test_the_first_clean_reading_is_quiet() -> None:
    """A lone process has no history and must not wait for one."""
    assert granted(WHOLE, machine(IDLE))


def test_claims_count_before_anything_is_allocated() -> None:
    """Case 11: three jobs that allocate in 20 s have the memory already."""
    three = [claim(f"c{i}", 6000) for i in range(3)]
    assert "6000 MiB asked, 5188 MiB left beside 18000 MiB of 3 jobs" in refused(SIX, machine(IDLE), *three)


def test_a_job_that_exceeds_its_request_counts_with_what_it_uses() -> None:
    """Case 12: what is measured is gone, whatever was asked."""
    greedy = replace(IDLE, used=18000, processes=(process(18000, "one"),))
    assert "beside 18000 MiB of 1 jobs" in refused(SIX, machine(greedy), claim("one", 2000))


def test_a_foreign_process_on_our_gpu_contends_and_stops_admission() -> None:
    """Case 13: nothing is killed; nothing more is started there."""
    both = replace(IDLE, used=4000, processes=(process(2000, "one", pid=5), process(2000, pid=6)))
    reading, mine = machine(both), claim("one", 6000)
    assert [p.pid for p in contended(reading, [mine], Observation(), Settings())["GPU-a"]] == [6]
    assert "used by python" in refused(Request(memory=1000), reading, mine)


def test_a_process_of_a_claim_on_another_gpu_blocks_this_one_and_is_named_by_its_claim() -> None:
    """A job that ignores its CUDA_VISIBLE_DEVICES is no stranger: whoever waits must hear whose it is."""
    a, b = gpus(2)
    stray = replace(b, used=5000, processes=(process(5000, "one"),))
    reading, one = machine(a, stray), claim("one", None, "GPU-0")
    assert "GPU 1: used by one (anna, pid 7) without having been given it" in refused(WHOLE, reading, one)
    assert contended(reading, [one, claim("two", None, "GPU-1")], Observation(), Settings()) == {}


def test_the_limits_are_part_of_what_is_allowed() -> None:
    """`ignore_below: 300` lets 300 MiB be; a request of all that is left fits; the largest possible one can start."""
    assert granted(WHOLE, machine(replace(IDLE, used=300)))
    assert "301 MiB used by programs" in refused(WHOLE, machine(replace(IDLE, used=301)))
    assert granted(Request(memory=23188), machine(IDLE))
    assert granted(Request(memory=17188), machine(IDLE), claim("one", 6000))
    assert refused(Request(memory=17189), machine(IDLE), claim("one", 6000))


def test_a_request_of_the_whole_memory_is_possible_where_a_process_must_be_alone() -> None:
    """There is no second one for whom a margin would be kept."""
    single = replace(IDLE, compute_mode="exclusive-process")
    assert granted(Request(memory=23700), machine(single)).exclusive
    assert "will never fit into its 23700 MiB" in refused(Request(memory=23701), machine(single))
    assert "will never fit into its 23188 MiB" in refused(Request(memory=23701), machine(IDLE))


def test_a_share_says_what_was_claimed_and_a_whole_gpu_says_nothing() -> None:
    """Frameworks are limited to their share; who has the whole GPU is not."""
    estimated = Request(estimates={"Fake": 6000})
    assert [share.memory for share in granted(SIX, machine(IDLE)).shares] == [6000]
    assert [share.memory for share in granted(estimated, machine(IDLE)).shares] == [6000]
    assert [share.memory for share in granted(WHOLE, machine(IDLE)).shares] == [None]
    single = replace(IDLE, compute_mode="exclusive-process")
    assert [share.memory for share in granted(SIX, machine(single)).shares] == [None]


def test_an_estimate_leaves_the_margin_that_a_request_leaves() -> None:
    """A job that was measured to need nearly all of the GPU gets it whole; packed, it could never start."""
    assert granted(Request(estimates={"Fake": 23188}), machine(IDLE)).shares[0].memory == 23188
    assert granted(Request(estimates={"Fake": 23189}), machine(IDLE)).exclusive


def test_among_equals_the_first_gpu_is_taken_first() -> None:
    """Whoever looks at nvidia-smi expects it; a busy one is equal to nobody."""
    reading = machine(*gpus(3))
    assert [share.index for share in granted(WHOLE, reading).shares] == [0]
    assert [share.index for share in granted(WHOLE, replace(reading, gpus=reading.gpus[::-1])).shares] == [0]
    told = replace(IDLE, uuid="GPU-told", utilization=0)
    untold = replace(IDLE, uuid="GPU-untold", bus="11", utilization=None)
    assert granted(WHOLE, machine(told, untold)).shares[0].uuid == "GPU-told"
    assert granted(WHOLE, machine(replace(untold, bus="10"), replace(told, bus="11"))).shares[0].uuid == "GPU-untold"


def test_an_unreadable_claim_blocks_small_requests_although_it_calls_itself_shared() -> None:
    """What it holds is not known, whatever else its record says."""
    broken = ClaimRecord("x", exclusive=False, unreadable="/run/exp-queue/x.claim: not a claim's record")
    assert "x.claim: not a claim's record" in refused(SIX, machine(IDLE), broken)


def test_an_ended_jobs_memory_that_does_not_return_is_somebody_elses() -> None:
    """Waiting for it would wait for ever, and would name nobody."""
    full, seen = machine(replace(IDLE, used=9000), at=130), Observation({"GPU-a": Seen(ended_at=101.0)})
    assert refused(WHOLE, full, seen=seen) == "GPU 0: waiting for 9000 MiB of an ended job to return"
    later = replace(full, at=131.0)
    assert "9000 MiB used by programs that are not ours" in refused(WHOLE, later, seen=seen)


def settling(at: float = 101.0) -> tuple[Reading, ClaimRecord, Observation]:
    """Two GPUs: a small job runs on the first, and the one on the second has ended at 101, of which 5000 MiB are not back."""
    first, second = gpus(2)
    reading = machine(replace(first, used=6000), replace(second, used=5000), at=at)
    return reading, claim("small", 6000, "GPU-0"), Observation({"GPU-1": Seen(ended_at=101.0)})


def test_a_gpu_that_an_ended_job_is_leaving_is_waited_for_rather_than_share_another() -> None:
    """Else the next job of a queue is put beside another for hours, for the sake of a moment, and a GPU stands idle."""
    reading, small, seen = settling()
    waits = "GPU 1: waiting for 5000 MiB of an ended job to return (waited for rather than share another GPU)"
    assert refused(SIX, reading, small, seen=seen) == waits
    back = machine(*(replace(gpu, used=0) if gpu.uuid == "GPU-1" else gpu for gpu in reading.gpus), at=102.0)
    assert [share.uuid for share in granted(SIX, back, small, seen=seen).shares] == ["GPU-1"]


def test_nobody_waits_for_memory_that_does_not_return_where_a_gpu_can_be_shared() -> None:
    """It is somebody else's then; and who has just come has seen no job end, so that one look of `exec --wait 0` decides."""
    reading, small, seen = settling(at=131.0)
    assert [share.uuid for share in granted(SIX, reading, small, seen=seen).shares] == ["GPU-0"]
    assert [share.uuid for share in granted(SIX, settling()[0], small).shares] == ["GPU-0"]


def test_a_gpu_that_is_kept_for_another_or_more_crowded_is_not_waited_for() -> None:
    """It would not be had, or be no better."""
    reading, small, seen = settling()
    answer = admit(SIX, reading, [small], seen, Settings(), {"GPU-1"})
    assert isinstance(answer, Placement)
    assert [share.uuid for share in answer.shares] == ["GPU-0"]
    as_full = claim("another", 1000, "GPU-1")
    assert [share.uuid for share in granted(SIX, reading, small, as_full, seen=seen).shares] == ["GPU-0"]


def test_a_job_of_one_gpu_takes_no_card_that_is_cut_up_and_one_of_several_no_part() -> None:
    """Case 16: the card itself runs nothing while MIG is on, and CUDA gives a process one instance at most."""
    whole, parent = replace(IDLE, uuid="GPU-whole", bus="20"), replace(IDLE, mig=True)
    instance = Gpu("MIG-0", bus="10", parent="GPU-a", total=5000, used=0)
    two = decide(Request(gpus=2), machine(parent, instance, whole))
    assert isinstance(two, Refusal)
    assert two.never
    assert {share.uuid for share in granted(Request(gpus=1), machine(parent, whole)).shares} == {"GPU-whole"}


def test_the_owner_of_a_process_that_we_cannot_see_is_said_to_be_unknown() -> None:
    """`used by python (None, ...)` would read as a defect."""
    busy = replace(IDLE, used=9000, processes=(process(9000, user="", name=""),))
    assert refused(WHOLE, machine(busy)) == "GPU 0: used by a process (a user we cannot see, pid 9, 9000 MiB)"


def test_memory_that_is_free_for_one_more_is_never_negative_nor_guessed() -> None:
    """People plan by this figure."""
    nothing, settings = Seen(), Settings()
    assert free_memory(IDLE, [claim("one", 6000)], nothing, settings) == 24000 - 300 - 6000 - 512
    assert free_memory(IDLE, [claim("one", 24000)], nothing, settings) == 0
    assert free_memory(replace(IDLE, total=None, used=None), [], nothing, settings) == 0


def test_a_prohibited_gpu_never_takes_a_job() -> None:
    """Case 15: the administrator has said no."""
    answer = decide(WHOLE, machine(replace(IDLE, compute_mode="prohibited")))
    assert isinstance(answer, Refusal)
    assert answer.never


def test_an_exclusive_process_gpu_takes_one_claim() -> None:
    """Case 15: a second process would be refused by the driver itself."""
    single = replace(IDLE, compute_mode="exclusive-process")
    assert granted(SIX, machine(single)).exclusive
    assert refused(SIX, machine(single), claim("one", 1000))


def test_mig_instances_are_taken_one_by_one_by_uuid() -> None:
    """Case 16: CUDA gives a process one MIG instance at most."""
    parent = replace(IDLE, mig=True, problem="MIG is on")
    instances = [Gpu(f"MIG-{i}", bus="10", parent="GPU-a", total=5000, used=0) for i in range(2)]
    reading = machine(parent, *instances)
    assert granted(WHOLE, reading).environment()["CUDA_VISIBLE_DEVICES"] == "MIG-0"
    two = decide(Request(gpus=2), reading)
    assert isinstance(two, Refusal)
    assert two.never


def test_a_job_for_four_gpus_gets_none_of_three() -> None:
    """Case 17: partial claims would block two such jobs for ever."""
    answer = decide(Request(gpus=4), machine(*gpus(4)), claim("one", None, "GPU-2"))
    assert answer == Refusal("needs 4 GPUs, 3 can be had now: GPU 2: held by one (anna, pid 7)")


def test_more_gpus_than_there_are_will_never_come() -> None:
    """Case 17's end: waiting would last for ever."""
    assert decide(Request(gpus=3), machine(*gpus(2))) == Refusal("needs 3 GPUs, but this machine has 2", never=True)


def test_a_list_that_leaves_too_few_gpus_is_named() -> None:
    """Case 25: whoever set the variable long ago must be reminded of it."""
    settings = Settings(allowed=Allowed(("1",)))
    sentence = refused(Request(gpus=2), machine(*gpus(4)), settings=settings)
    assert sentence == "needs 2 GPUs, but CUDA_VISIBLE_DEVICES=1 allows 1 of this machine's 4"


MIG = (
    replace(IDLE, mig=True, problem="MIG is on"),
    *(Gpu(f"MIG-{i}", bus="10", parent="GPU-a", total=5000, used=0) for i in range(2)),
    replace(IDLE, uuid="GPU-b", bus="20"),
)


def test_a_job_for_two_gpus_hears_what_counts_as_one() -> None:
    """'This machine has 3', of a whole GPU and two MIG instances, sends a person to look for a defect."""
    assert refused(Request(gpus=2), machine(*MIG)) == (
        "needs 2 GPUs, but this machine has 1 whole GPU; its MIG instances (2) are for one job each, since CUDA shows a process "
        "only one of them"
    )
    limited = Settings(allowed=Allowed(("1",)))
    assert "CUDA_VISIBLE_DEVICES=1 allows 1 of this machine's 1 whole GPU;" in refused(
        Request(gpus=2), machine(*MIG), settings=limited
    )
    assert refused(Request(only=(0,)), machine(*MIG)) == (
        "needs GPU 0, but MIG is on there (GPU 0), and jobs go to its instances"
    )


@pytest.mark.parametrize("value", ["9", "none", "-1", "NoDevFiles"])
def test_a_variable_that_hides_all_gpus_is_named_as_the_cause(value: str) -> None:
    """Nothing is wrong with the job, and to ask for less would not help."""
    settings = Settings(allowed=Allowed((value,)))
    for request in (Request(), Request(gpus=4)):
        answer = decide(request, machine(*gpus(4)), settings=settings)
        assert isinstance(answer, Refusal)
        assert f"; this machine has 4 GPUs, and CUDA_VISIBLE_DEVICES={value} hides them all" in answer.sentence
        assert answer.cure.startswith("unset CUDA_VISIBLE_DEVICES")
    assert not Allowed(("0", "9")).hides_all_of(gpus(4))
    assert not Allowed(("0",)).hides_all_of(())


def test_more_memory_than_there_is_will_never_come() -> None:
    """The margin counts too: a job of the GPU's full size could never start."""
    answer = decide(Request(memory=23500), machine(IDLE))
    assert answer == Refusal("GPU 0: 23500 MiB will never fit into its 23188 MiB", never=True)


def test_an_exclusive_claim_shuts_out_small_ones() -> None:
    """Who asked for a whole GPU, for a benchmark perhaps, gets it."""
    assert "held by one (anna, pid 7)" in refused(Request(memory=10), machine(IDLE), claim("one"))


def test_an_unreadable_claim_blocks_every_gpu() -> None:
    """Unreadable counts as living: better idle than overbooked."""
    broken = ClaimRecord("x", unreadable="/run/exp-queue/x.claim: Permission denied")
    assert "x.claim: Permission denied" in refused(SIX, machine(IDLE), broken)


def test_only_so_many_jobs_share_a_gpu() -> None:
    """Many tiny jobs slow each other down beyond use."""
    four = [claim(f"c{i}", 10) for i in range(4)]
    assert "already shared by 4 jobs" in refused(Request(memory=10), machine(IDLE), *four, settings=Settings(most_claims=4))


def test_jobs_spread_before_they_share() -> None:
    """Two jobs on two GPUs are faster than two on one."""
    assert granted(SIX, machine(*gpus(2)), claim("one", 1000, "GPU-0")).shares[0].uuid == "GPU-1"


def test_a_busy_gpu_comes_last_among_equals() -> None:
    """Utilisation ranks and never admits."""
    first, second = gpus(2)
    assert granted(WHOLE, machine(replace(first, utilization=80), second)).shares[0].uuid == "GPU-1"


def test_an_ended_jobs_memory_is_waited_for_without_a_quiet_period() -> None:
    """After our own job the next starts as soon as its memory is back, not 20 s later."""
    settings, job = Settings(), claim("one")
    busy = replace(IDLE, used=9000, processes=(process(9000, "one"),))
    seen = observe(Observation(), machine(busy, at=100), [job], settings)
    seen = observe(seen, machine(busy, at=101), (), settings)
    assert "an ended job's memory is not back yet" in refused(WHOLE, machine(busy, at=101), seen=seen)
    gone = machine(replace(IDLE, used=9000), at=102)
    seen = observe(seen, gone, (), settings)
    assert refused(WHOLE, gone, seen=seen) == "GPU 0: waiting for 9000 MiB of an ended job to return"
    clean = machine(IDLE, at=103)
    assert granted(WHOLE, clean, seen=observe(seen, clean, (), settings))


def test_memory_of_others_is_remembered_for_a_minute() -> None:
    """An invisible program that allocates in bursts must not be met in one of its pauses."""
    settings = Settings()
    seen = observe(Observation(), machine(replace(IDLE, used=9000), at=100), (), settings)
    seen = observe(seen, machine(IDLE, at=130), (), settings)
    assert "9000 MiB used by programs" in refused(WHOLE, machine(IDLE, at=130), seen=seen)
    later = machine(IDLE, at=161)
    assert granted(WHOLE, later, seen=observe(seen, later, (), settings))


def test_another_users_process_belongs_to_that_users_claim_here() -> None:
    """We may not look into others' processes; their runner's claim must not look contended to us."""
    theirs = replace(IDLE, used=5000, processes=(process(5000, None, uid=2000),))
    assert granted(SIX, machine(theirs), claim("one", 6000, uid=2000))
    assert "used by python" in refused(SIX, machine(theirs), claim("one", 6000, uid=1000))


def test_a_process_id_without_meaning_here_counts_to_a_claim() -> None:
    """A container is told the host's process ids: its own jobs' among them, which cannot be recognised."""
    inside = replace(IDLE, used=5000, processes=(process(5000, None, uid=None, name=""),))
    assert granted(SIX, machine(inside), claim("one", 6000))
    assert refused(SIX, machine(inside))


@pytest.mark.parametrize(
    ("entries", "uuids"),
    [
        (("2", "3"), {"GPU-2", "GPU-3"}),
        (("GPU-1",), {"GPU-1"}),
        (("0", "-1", "1"), {"GPU-0"}),
        (("1", "9", "0"), {"GPU-1"}),
        (("GPU-",), set()),
        ((), set()),
    ],
)
def test_only_gpus_that_were_left_to_us_are_granted(entries: tuple[str, ...], uuids: set[str]) -> None:
    """Case 25: numbers, a prefix, an end of the list, a wrong entry, an ambiguous prefix, nothing."""
    reading, settings, found = machine(*gpus(4)), Settings(allowed=Allowed(entries)), set()
    for count in range(1, 5):
        answer = decide(Request(gpus=count), reading, settings=settings)
        if isinstance(answer, Placement):
            found = {s.uuid for s in answer.shares}
    assert found == uuids


@given(
    asked=st.lists(st.integers(1, 24000), max_size=8),
    used=st.lists(st.integers(0, 24000), max_size=8),
    others=st.integers(0, 300),
    memory=st.integers(1, 24000),
)
def test_what_is_granted_always_fits(asked: list[int], used: list[int], others: int, memory: int) -> None:
    """Whatever the others asked for and use, the sum of all stays within the GPU. Memory that nobody is seen to use may be
    that of a claim whose use is not told."""
    claims = [claim(f"c{i}", size) for i, size in enumerate(asked)]
    processes = tuple(process(size, f"c{i}", pid=i + 2) for i, size in enumerate(used[: len(asked)]))
    gpu = replace(IDLE, used=sum(p.memory or 0 for p in processes) + others, processes=processes)
    answer = decide(Request(memory=memory), machine(gpu), *claims)
    if isinstance(answer, Placement):
        taken = sum(max(a, u) for a, u in zip(asked, [*used, *([0] * 8)], strict=False))
        unexplained = max(0, others - sum(asked[len(used) :]))
        assert taken + unexplained + memory + 512 <= 24000 - 300


@given(count=st.integers(1, 6), wanted=st.integers(1, 6), held=st.sets(st.integers(0, 5)))
def test_several_gpus_are_granted_all_or_none(count: int, wanted: int, held: set[int]) -> None:
    """A placement has exactly as many GPUs as asked, all different and none of them claimed."""
    claims = [claim(f"c{i}", None, f"GPU-{i}") for i in held]
    answer = decide(Request(gpus=wanted), machine(*gpus(count)), *claims)
    free = {f"GPU-{i}" for i in range(count) if i not in held}
    if isinstance(answer, Placement):
        assert {s.uuid for s in answer.shares} <= free
        assert len({s.uuid for s in answer.shares}) == wanted
    else:
        assert len(free) < wanted
        assert answer.never == (wanted > count)


JOB = "0123456789abcdef0123456789abcdef/1"


def test_a_job_that_chooses_its_own_gpu_counts_there_as_ours() -> None:
    """Its memory is explained, so nobody is blamed for it, and what shares that GPU is packed beside what it will take."""
    a, b = gpus(2)
    stray = replace(b, used=2000, processes=(process(2000, "one"),))
    reading, one = machine(a, stray), claim("one", 6000, "GPU-0")
    assert "14000 MiB asked" not in refused(Request(memory=18_000), reading, one)
    (found,) = astray(reading, (one,), Settings())
    assert (found.given, found.gpu.label, found.attempt) == ("GPU 0", "GPU 1", "")
    free = free_memory(reading.gpus[1], (one,), Seen(), Settings())
    assert free == 24_000 - 300 - 6000 - 512, "what it asked for is what it is about to take there"
    assert contended(reading, (one,), Observation(), Settings()) == {}


def test_a_job_without_a_gpu_that_computes_on_one_all_the_same_is_named() -> None:
    """It was given CUDA_VISIBLE_DEVICES=-1 and has no claim; by descent it is known, and nobody else gets that GPU."""
    busy = replace(IDLE, used=5000, processes=(process(5000, "", attempt=JOB),))
    assert "used by exp-queue job 01234567 (bob, pid 9) without having been given it" in refused(SIX, machine(busy))
    (found,) = astray(machine(busy), (), Settings())
    assert found.sentence == "job 01234567 was given no GPU and computes on GPU 0: its program chooses the device itself"


def test_a_small_process_of_a_job_on_another_gpu_blocks_nothing() -> None:
    """Some libraries open a context on the first GPU; below `ignore_below` that is as harmless as a desktop."""
    a, b = gpus(2)
    reading = machine(a, replace(b, used=200, processes=(process(200, "one"),)))
    assert granted(WHOLE, reading, claim("one", None, "GPU-0")).shares[0].uuid == "GPU-1"
    assert astray(reading, (claim("one", None, "GPU-0"),), Settings()) == ()


def test_memory_of_a_job_astray_that_is_not_told_is_nobody_elses() -> None:
    """In containers no figure is told; what is used is then its, up to what it asked for."""
    _, b = gpus(2)
    stray = replace(b, used=9000, processes=(process(None, "one"),))
    assert use(stray, (claim("one", None, "GPU-0"),), Seen(), Settings()).others(9000) == 0
    assert use(stray, (claim("one", 6000, "GPU-0"),), Seen(), Settings()).others(9000) == 3000
