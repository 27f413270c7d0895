"""How much of a GPU a job asks for after what its earlier attempts used, and which GPUs are given up."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.experiments import Resources
from scheduler.gpus.packing import (
    GpuUse,
    request_of,
    retries_free_of_charge,
    set_aside,
    streaks_after,
)
from scheduler.gpus.placement import Request
from scheduler.gpus.usage import ShareUse
from scheduler.queue.job import Attempt, Ending
from scheduler.queue.states import State
from scheduler.runner.endings import judge
from scheduler.runner.out_of_memory import ran_out


def used(attempt: int = 1, *, job: str = "a", model: str = "A", **facts) -> GpuUse:
    return GpuUse(job, attempt, facts.pop("uuid", "GPU-0"), model, **facts)


def exhausted(attempt: int, granted: int | None, **facts) -> GpuUse:
    return used(attempt, granted=granted, out_of_memory=True, **facts)


def test_without_a_request_and_without_history_a_job_gets_whole_gpus() -> None:
    """Nobody knows what it needs: sharing would be a guess at somebody else's cost."""
    assert request_of(Resources()).need("A", 20_000) is None


def test_what_is_asked_for_by_name_is_asked_of_the_gpus() -> None:
    """As many GPUs as the file says, and whole where it says so, whatever was learned."""
    uses = (used(peak=4000, succeeded=True),)
    assert request_of(Resources(gpus=2), uses) == Request(2, estimates={"A": 4656})
    assert request_of(Resources(exclusive=True), uses) == Request(1, exclusive=True)
    assert request_of(Resources(gpus=3, exclusive=True), uses) == Request(3, exclusive=True)


def test_the_largest_peak_of_whole_runs_on_that_model_becomes_the_request() -> None:
    """x 1.1 + 256 MiB; another model of GPU may need more or less, so it learns anew."""
    request = request_of(Resources(), (used(1, peak=4000, succeeded=True), used(2, peak=3000, succeeded=True)))
    assert request.need("A", 20_000) == 4656
    assert request.need("B", 20_000) is None


def test_the_peak_of_a_run_that_failed_early_teaches_nothing() -> None:
    """It may have died before it loaded its model; packed by that figure, it would take others down with it."""
    assert request_of(Resources(), (used(peak=500),)) == Request()


def test_a_run_that_succeeded_unmeasured_teaches_nothing() -> None:
    """It was shorter than the interval between two measurements; what others used is not forgotten for it."""
    assert request_of(Resources(), (used(succeeded=True),)) == Request()
    assert request_of(Resources(), (used(peak=4000, succeeded=True), used(2, succeeded=True))).need("A", 20_000) == 4656


def test_out_of_memory_with_what_was_learned_enlarges_what_was_learned() -> None:
    """One epoch of another size is enough: the measured peak was too little, so half as much again, and then the whole GPU."""
    measured = used(1, peak=4000, succeeded=True)
    assert request_of(Resources(), (measured, exhausted(2, 4656))).need("A", 20_000) == 6984
    assert request_of(Resources(), (measured, exhausted(2, 2000))).need("A", 20_000) == 4656
    assert request_of(Resources(), (measured, exhausted(2, 4656), exhausted(3, 6984))).need("A", 20_000) is None
    assert request_of(Resources(), (measured, exhausted(2, None))).need("A", 20_000) is None


def test_an_estimate_that_does_not_fit_the_gpu_means_the_whole_gpu() -> None:
    """A job that was measured at 23 of 24 GB can run; it is not impossible."""
    assert request_of(Resources(), (used(peak=23_000, succeeded=True),)).need("A", 23_500) is None


def test_out_of_memory_means_half_as_much_again_and_then_the_whole_gpu() -> None:
    """Two steps: a third guess would cost another failed training."""
    named = Resources(gpu_memory=6000)
    assert request_of(named).need("A", 20_000) == 6000
    assert request_of(named, (exhausted(1, 6000),)).need("A", 20_000) == 9000
    assert request_of(named, (exhausted(1, 6000), exhausted(2, 9000))) == Request(1, exclusive=True)
    assert request_of(named, (exhausted(1, None),)) == Request(1, exclusive=True)


def test_a_person_who_asks_for_more_starts_afresh() -> None:
    """The file was mended: what too little did in the past is past."""
    assert request_of(Resources(gpu_memory=12_000), (exhausted(1, 6000), exhausted(2, 9000))).need("A", 20_000) == 12_000


def test_a_success_ends_the_enlargement() -> None:
    """After that the measured peak is known, and the failures before it are explained."""
    uses = (exhausted(1, 6000), used(2, granted=9000, peak=7000, succeeded=True))
    assert request_of(Resources(), uses).need("A", 20_000) == 7956


def test_running_out_of_memory_beside_a_stranger_says_nothing_about_the_job() -> None:
    """Case 14: the stranger took it; the job asks for the same again. So it does after a failure of another kind."""
    assert request_of(Resources(gpu_memory=6000), (used(1, granted=6000),)) == Request(1, memory=6000)
    assert request_of(Resources(gpu_memory=6000), (exhausted(1, 6000, contended=True),)).need("A", 20_000) == 6000


def test_several_gpus_of_one_attempt_are_one_failure() -> None:
    """A two-GPU job must not go from its request to whole GPUs at once."""
    uses = (exhausted(1, 6000), exhausted(1, 6000, uuid="GPU-1"))
    assert request_of(Resources(gpus=2, gpu_memory=6000), uses).need("A", 20_000) == 9000


def test_only_contended_failures_are_repeated_free_of_charge_and_not_for_ever() -> None:
    """Case 14: a retry is spent on the job's own faults; but a machine that is always contended must not loop."""
    contended = [exhausted(n, None, contended=True) for n in range(1, 7)]
    assert retries_free_of_charge("a", (), contended[:1])
    assert not retries_free_of_charge("a", (), [exhausted(1, None)])
    assert not retries_free_of_charge("a", (), [used(contended=True)])
    assert retries_free_of_charge("a", contended[:4], contended[4:5])
    assert not retries_free_of_charge("a", contended[:5], contended[5:6])
    assert retries_free_of_charge("b", contended[:5], [exhausted(1, None, contended=True, job="b")])


def test_one_contended_gpu_of_several_is_enough_for_a_free_repeat() -> None:
    """The attempt ended for the stranger on one GPU, whatever the others held."""
    assert retries_free_of_charge("a", (), [used(), exhausted(1, None, contended=True, uuid="GPU-1")])


def test_only_earlier_contended_failures_of_the_same_job_count_towards_the_most() -> None:
    """Other jobs' troubles, and the job's own failures, were paid for elsewhere."""
    now = [exhausted(9, None, contended=True)]
    others = [exhausted(n, None, contended=True, job="b") for n in range(1, 6)]
    own = [exhausted(n, None) for n in range(1, 6)] + [used(n, contended=True) for n in range(1, 6)]
    assert retries_free_of_charge("a", others, now)
    assert retries_free_of_charge("a", own, now)


def test_running_out_of_memory_beside_a_stranger_does_not_count_against_the_gpu() -> None:
    """The stranger will leave; the GPU is sound."""
    streaks: dict = {}
    for job in "abc":
        streaks = streaks_after(streaks, [exhausted(1, None, job=job, contended=True)])
    assert set_aside(streaks, ["GPU-0", "GPU-1"]) == frozenset()


def test_a_gpu_where_job_after_job_runs_out_of_memory_is_given_up() -> None:
    """Something that no reading shows holds its memory, or it is broken."""
    streaks: dict = {}
    for job in ("a", "b", "c"):
        assert set_aside(streaks, ["GPU-0", "GPU-1"]) == frozenset()
        streaks = streaks_after(streaks, [exhausted(1, None, job=job)])
    assert set_aside(streaks, ["GPU-0", "GPU-1"]) == {"GPU-0"}


@pytest.mark.parametrize(
    ("later", "usable"),
    [
        ([used(job="d", succeeded=True)], ["GPU-0", "GPU-1"]),
        ([exhausted(1, None, job="d", uuid="GPU-1")], ["GPU-0", "GPU-1"]),
        ([exhausted(1, None, job="d", uuid="GPU-1")], ["GPU-0", "GPU-1", "GPU-2"]),
        ([], ["GPU-0"]),
    ],
    ids=[
        "a job succeeded there",
        "it happens elsewhere too",
        "it happens elsewhere too, but not everywhere",
        "it is the only one",
    ],
)
def test_a_gpu_is_not_given_up_for_jobs_that_ask_for_too_much(later: list[GpuUse], usable: list[str]) -> None:
    """A grid of models that are too large must fail, not wait for ever for a GPU that was set aside."""
    streaks: dict = {}
    for use in [*(exhausted(1, None, job=job) for job in "abc"), *later]:
        streaks = streaks_after(streaks, [use])
    assert set_aside(streaks, usable) == frozenset()


def test_one_job_that_fails_again_and_again_does_not_cost_a_gpu() -> None:
    """Its retries all land on the same free GPU."""
    streaks: dict = {}
    for attempt in range(1, 6):
        streaks = streaks_after(streaks, [exhausted(attempt, None)])
    assert set_aside(streaks, ["GPU-0", "GPU-1"]) == frozenset()


@pytest.mark.parametrize(
    "line",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate",
        "torch.cuda.OutOfMemoryError: Allocation on device",
    ],
)
def test_the_words_of_the_common_frameworks_are_known(line: str) -> None:
    """These say it plainly, whatever we have measured."""
    assert ran_out(f"epoch 3\n{line}\n", memory_was_full=False)


@pytest.mark.parametrize(
    "line", ["RuntimeError: CUDA error: CUBLAS_STATUS_NOT_INITIALIZED", "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR"]
)
def test_vague_words_count_only_when_memory_was_nearly_full(line: str) -> None:
    """They also come from a wrong shape or a broken driver, which more memory does not cure."""
    assert ran_out(line, memory_was_full=True)
    assert not ran_out(line, memory_was_full=False)


@pytest.mark.parametrize("line", ["java.lang.OutOfMemoryError: Java heap space", "ValueError: lr", "Killed", ""])
def test_other_failures_are_not_taken_for_it(line: str) -> None:
    """A retry with more GPU memory would be wasted."""
    assert not ran_out(line, memory_was_full=True)


def ended(tmp_path: Path, shares: dict[str, ShareUse], **attempt: str) -> tuple[str, tuple[GpuUse, ...]]:
    (tmp_path / "log.txt").write_text("torch.OutOfMemoryError: CUDA out of memory.")
    failed = Ending(State.FAILED, 1, "exit status 1")
    found, uses = judge(Attempt("job", 1, "launcher", str(tmp_path), 0.0, **attempt), failed, shares)  # type: ignore[arg-type]
    assert isinstance(found, Ending)
    return found.reason, uses


def test_out_of_memory_on_a_gpu_that_was_not_given_teaches_nothing_about_the_given_one(tmp_path: Path) -> None:
    """Neither a free retry, nor a larger request, nor a mark against the GPU that stood idle meanwhile."""
    reason, uses = ended(tmp_path, {"GPU-1": ShareUse("A")}, gpus="1", elsewhere="0")
    assert (reason, uses) == ("out of GPU memory on GPU 0, which it had not been given (exit status 1)", ())
    assert ended(tmp_path, {}, gpus="", elsewhere="0")[0] == reason, "a job without a GPU"


def test_out_of_memory_beside_jobs_that_chose_this_gpu_themselves_is_told_as_such(tmp_path: Path) -> None:
    """They are ours: a retry is spent, and neither the job nor the GPU is thought the worse of."""
    reason, uses = ended(tmp_path, {"GPU-0": ShareUse("A", crowded=True)}, gpus="0")
    assert "beside jobs of ours that had not been given its GPU" in reason
    assert uses == ()
    _, uses = ended(tmp_path, {"GPU-0": ShareUse("A", crowded=True, contended=True)}, gpus="0")
    assert retries_free_of_charge("job", uses, uses), "a stranger was there as well"
