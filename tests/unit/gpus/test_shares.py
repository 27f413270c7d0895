"""N jobs on a GPU without figures of memory: each takes 1/share of it. On plain values."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.experiments import Resources
from scheduler.gpus.admission import admit
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.packing import GpuUse, request_of
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Request
from scheduler.gpus.reading import Gpu, Process, Reading
from scheduler.gpus.records import record_of
from scheduler.gpus.status import standings
from scheduler.gpus.view import View
from scheduler.report.gpus import objects, rows
from tests.contract.runner.plan_promises import check_parts

IDLE = Gpu("GPU-0", 0, bus="10", name="Fake", total=24_000, used=0)
TWO = (IDLE, replace(IDLE, uuid="GPU-1", index=1, bus="11"))
MANY = Settings(most_claims=64)


def held(*splits: int | None, uuid: str = "GPU-0") -> tuple[ClaimRecord, ...]:
    """Claims on a part of the GPU each; None: on the whole of it."""
    return tuple(ClaimRecord(f"c{n}", {uuid: None}, split=split, user="anna", pid=n) for n, split in enumerate(splits))


def answer(share: int | None, *claims: ClaimRecord, gpus: tuple[Gpu, ...] = (IDLE,), **more) -> Placement | Refusal:
    request = more.pop("request", Request(share=share))
    return admit(request, Reading(gpus), claims, Observation(), more.pop("settings", MANY))


def sentence(*arguments, **more) -> str:
    found = answer(*arguments, **more)
    assert isinstance(found, Refusal)
    return found.sentence


def test_four_with_a_share_of_four_are_on_a_gpu_and_never_five() -> None:
    """What it is for: small jobs whose memory nobody has measured."""
    assert isinstance(answer(4, *held(4, 4, 4)), Placement)
    told = sentence(4, *held(4, 4, 4, 4))
    assert "1/4 of it is asked and nothing is left beside 4 jobs with a share (anna, pid 0: 1/4, " in told


def test_different_shares_add_up_to_one() -> None:
    """A half and two quarters fill a GPU; thirds leave no gap by rounding."""
    assert isinstance(answer(4, *held(2, 4)), Placement)
    assert "1/4 of it is left" in sentence(2, *held(2, 4))
    assert isinstance(answer(3, *held(3, 3)), Placement)
    assert sentence(64, *held(3, 3, 3))


def test_it_is_shared_only_with_jobs_that_said_so() -> None:
    """Neither beside a job that has the GPU whole or by memory, nor the other way about: nobody knows what it needs."""
    by_memory = ClaimRecord("m", {"GPU-0": 6000}, exclusive=False, user="bob", pid=7)
    assert sentence(4, by_memory) == sentence(4, replace(by_memory, memory={"GPU-0": None}, exclusive=True))
    assert "held by bob, pid 7" in sentence(4, by_memory)
    for request in (Request(), Request(memory=1000), Request(exclusive=True)):
        assert "held by anna, pid 0" in sentence(None, *held(4), request=request)
    assert sentence(4, ClaimRecord("x", unreadable="x.claim: Permission denied", split=4))


def test_strangers_count_as_beside_any_other_job() -> None:
    """A share is about jobs of ours; whoever asks nobody still blocks."""
    busy = replace(IDLE, used=9000, processes=(Process(9, 9000, name="python", user="bob"),))
    assert "used by python (bob, pid 9, 9000 MiB)" in sentence(4, *held(4), gpus=(busy,))


def test_the_limit_of_the_machine_holds_for_shares_too() -> None:
    """An administrator who says that two jobs share a GPU means these as well."""
    assert "already shared by 2 jobs (limit: most_claims, 2)" in sentence(8, *held(8, 8), settings=Settings(most_claims=2))


def test_a_job_for_several_gpus_takes_its_part_of_each() -> None:
    """All at once or none, as ever."""
    found = answer(None, *held(2), gpus=TWO, request=Request(2, share=2))
    assert isinstance(found, Placement)
    assert ([share.uuid for share in found.shares], found.split, found.exclusive) == (["GPU-0", "GPU-1"], 2, True)
    assert "needs 2 GPUs, 1 can be had now" in sentence(None, *held(2, 2), gpus=TWO, request=Request(2, share=2))


def test_a_gpu_for_one_process_alone_takes_one_job_with_a_share() -> None:
    """The driver would refuse the second (nvidia-smi -c EXCLUSIVE_PROCESS)."""
    single = replace(IDLE, compute_mode="exclusive-process")
    assert isinstance(answer(4, gpus=(single,)), Placement)
    assert "held by" in sentence(4, *held(4), gpus=(single,))


def test_frameworks_that_take_a_whole_gpu_are_told_their_part() -> None:
    """JAX takes 75 % of a GPU at its start: the second of four would fail."""
    found = answer(4)
    assert isinstance(found, Placement)
    assert found.environment()["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.225"
    assert found.environment()["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_a_share_of_one_is_the_whole_gpu_and_an_out_of_memory_means_it_too() -> None:
    """Who ran out of memory in a quarter would do so again; there is no figure to enlarge."""
    assert request_of(Resources(share=1)) == Request(exclusive=True)
    assert request_of(Resources(gpus=2, share=4)) == Request(2, share=4)
    failed = GpuUse("job", 1, "GPU-0", "Fake", out_of_memory=True)
    assert request_of(Resources(share=4), (failed,)) == Request(exclusive=True)
    assert request_of(Resources(share=4), (replace(failed, contended=True),)) == Request(share=4)


@pytest.mark.parametrize("split", [0, -1, 65, 4.0, True, "4", None, [4]])
def test_a_share_that_makes_no_sense_holds_the_whole_gpu(split: object) -> None:
    """Any user of the machine can write any record: what is wrong in it holds more, not less."""
    record = record_of(_record(split, "null"), "a", 1, "a.claim")
    assert record
    assert (record.split, record.exclusive) == (None, True)


def test_a_share_is_read_as_it_was_written_and_not_beside_memory() -> None:
    """A claim on some memory is packed by that, whatever else its record says."""
    record = record_of(_record(4, "null"), "a", 1, "a.claim")
    assert record
    assert (record.split, record.exclusive) == (4, True)
    beside = record_of(_record(4, "5000"), "a", 1, "a.claim")
    assert beside
    assert beside.split is None


def _record(split: object, memory: str) -> bytes:
    return f'{{"id": "a", "memory": {{"GPU-0": {memory}}}, "exclusive": true, "split": {json.dumps(split)}}}'.encode()


def test_gpus_says_who_has_which_part_and_what_is_left() -> None:
    """A person decides by it whether to wait."""
    view = View(Reading((IDLE,)), held(4, 2), Observation(), Settings())
    first, second = rows(standings(view))
    assert (first["claims and processes"], second["claims and processes"]) == ("anna, pid 0: 1/4 of it", "anna, pid 1: 1/2 of it")
    assert first["a job could start"] == "with a share, up to 1/4 of it"
    (found,) = objects(standings(view))
    assert ([each["split"] for each in found["claims"]], found["part"], found["room"]) == ([4, 2], 0.25, 0)
    full = View(Reading((IDLE,)), held(2, 2), Observation(), Settings())
    assert rows(standings(full))[0]["a job could start"].startswith("no: held by")
    assert standings(replace(view, claims=held(None)))[0].part == 0


@given(st.lists(st.integers(2, 6), max_size=12), st.integers(1, 2))
def test_whatever_asks_in_whatever_order_no_gpu_is_given_more_than_once(shares: list[int], gpus: int) -> None:
    """And nothing waits beside a GPU with room for it."""
    claims: list[ClaimRecord] = []
    for number, share in enumerate(shares):
        found = answer(share, *claims, gpus=TWO[:gpus])
        if isinstance(found, Placement):
            claims.append(ClaimRecord(f"c{number}", {found.shares[0].uuid: None}, split=found.split))
            check_parts(claims)
        else:
            for gpu in TWO[:gpus]:
                taken = sum(Fraction(1, c.split) for c in claims if c.split and gpu.uuid in c.memory)
                assert taken + Fraction(1, share) > 1


def test_the_checker_sees_a_fifth_of_four_and_a_stranger_to_the_share() -> None:
    """A checker that cannot fail proves nothing."""
    with pytest.raises(AssertionError, match="GPU-0 is given to 5 jobs"):
        check_parts(held(4, 4, 4, 4, 4))
    with pytest.raises(AssertionError, match="shared with one that has no share"):
        check_parts(held(4, None))
    check_parts(held(4, 4, 4, 4))
