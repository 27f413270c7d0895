"""`claim_devices` as a training script calls it: real processes, the real binding, the fake driver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fake_driver import FakeDriver, gpu_lines

from scheduler.gpus.claims import Claim, live_claims, take
from scheduler.gpus.placement import Placement, Share

SCRIPT = """
import os, sys
from scheduler.errors import UserError
from scheduler.gpus.lone import claim_devices
try:
    devices = claim_devices(int(sys.argv[1]), wait=None if sys.argv[2] == "None" else float(sys.argv[2]))
except UserError as error:
    sys.exit(f"{type(error).__name__}: {error}")
print(devices.kind, os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("EXP_QUEUE_CLAIM", "-"), flush=True)
print(devices.note, flush=True)
if len(sys.argv) > 3:
    input()
"""


def start(gpu: int = -1, wait: float | None = 90, *more: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(gpu), str(wait), *more], text=True, **pipes)  # type: ignore[call-overload]


def claimed(gpu: int = -1, wait: float | None = 90) -> tuple[str, str]:
    """What a lone process that ends at once got: its first line, and its second or its error."""
    out, err = start(gpu, wait).communicate(timeout=100)
    first, _, second = out.partition("\n")
    return first, (second or err).strip()


def hold(directory: Path, *uuids: str) -> Claim:
    shares = tuple(Share(uuid, uuid[-1], int(uuid[-1])) for uuid in uuids)
    claim = take(directory, lambda living: Placement(shares), label="a job")
    assert isinstance(claim, Claim)
    return claim


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    return tmp_path / "claims"


def test_a_lone_process_claims_a_gpu_while_it_lives(driver: FakeDriver, claims: Path) -> None:
    """`--gpu=-1` typed by hand must exclude everybody else, and must not leave anything behind."""
    driver.shows(*gpu_lines(1))
    process = start(-1, 90, "stay")
    assert process.stdout
    kind, visible, claim = process.stdout.readline().split()
    assert (kind, visible, [c.id for c in live_claims(claims)]) == ("cuda", "0", [claim])
    process.kill()
    process.wait()
    assert live_claims(claims) == ()


def test_a_second_lone_process_waits_for_the_first_and_says_for_whom(driver: FakeDriver, claims: Path) -> None:
    """Lines given to GNU parallel must queue up instead of meeting on one GPU, and say why they wait."""
    driver.shows(*gpu_lines(1))
    held = hold(claims, "GPU-0")
    waiting = start()
    assert waiting.stderr
    assert any("GPU 0: held by a job (" in line for line in waiting.stderr)  # a slow driver may be complained of first
    held.close()
    assert waiting.communicate(timeout=100)[0].startswith("cuda 0 ")


def test_a_wait_that_runs_out_says_who_was_in_the_way(driver: FakeDriver, claims: Path) -> None:
    """A script that waits for ten minutes must not end with "no GPU" alone."""
    driver.shows(*gpu_lines(1))
    hold(claims, "GPU-0")
    first, error = claimed(wait=0.1)
    assert first == ""
    assert "WaitRanOut: no GPU within 0.1 s: GPU 0: held by a job (" in error


def test_a_numbered_gpu_is_claimed_by_its_bus_order(driver: FakeDriver) -> None:
    """`--gpu=1` means the GPU that CUDA calls 1 under PCI_BUS_ID, also when the driver lists it first (case 26)."""
    driver.shows(*reversed(gpu_lines(2)))
    assert claimed(1)[0].startswith("cuda 1 ")


def test_a_gpu_that_is_not_there_is_an_error(driver: FakeDriver) -> None:
    """`--gpu=7` on a machine with two must not become another GPU, or a wait for ever."""
    driver.shows(*gpu_lines(2))
    assert "CannotEverRun: needs GPU 7, but this machine has 2" in claimed(7, None)[1]


def test_a_failing_driver_is_an_error_and_never_the_cpu(driver: FakeDriver) -> None:
    """Case 2: a training that silently took the CPU would be found out hours later."""
    driver.shows("fail init 18", *gpu_lines(1))
    first, error = claimed(wait=None)
    assert first == ""
    assert "GpusUnknown: the NVIDIA driver cannot be used" in error


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_hidden_gpus_mean_the_cpu_and_no_claim(
    driver: FakeDriver, claims: Path, hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 25: whoever hides all GPUs has asked for the CPU, even where the driver fails."""
    driver.shows("fail init 18")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert claimed()[0] == "cpu -1 -"
    assert not list(claims.iterdir())


@pytest.mark.parametrize(("value", "visible"), [("2,3", "2"), ("GPU-3", "3"), ("3", "3")])
def test_only_gpus_that_were_left_to_us_are_claimed(
    driver: FakeDriver, value: str, visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 25: a list or a UUID in CUDA_VISIBLE_DEVICES is somebody's decision about what we may use."""
    driver.shows(*gpu_lines(4))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert claimed()[0].split()[:2] == ["cuda", visible]


def test_a_job_uses_the_claim_of_its_runner(driver: FakeDriver, claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 27: on a machine with one GPU, a second claim would wait for the first for ever."""
    driver.shows(*gpu_lines(1))
    runner = hold(claims, "GPU-0")
    for name, value in runner.environment().items():
        monkeypatch.setenv(name, value)
    assert claimed()[0] == f"cuda 0 {runner.id}"
    assert [c.id for c in live_claims(claims)] == [runner.id]
    assert "--gpu=3 is not used: this job's claim is on 0" in claimed(3)[1]


def test_a_dead_claim_in_the_environment_is_worth_nothing(
    driver: FakeDriver, claims: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that a finished job left open must not use the GPU that is now another's."""
    driver.shows(*gpu_lines(2))
    dead = hold(claims, "GPU-0")
    monkeypatch.setenv("EXP_QUEUE_CLAIM", dead.id)
    dead.close()
    hold(claims, "GPU-0")
    assert claimed()[0].startswith("cuda 1 ")


def test_a_process_of_somebody_else_is_respected_until_it_leaves(driver: FakeDriver) -> None:
    """Case 10: other people's work without claims counts as much as claims do."""
    driver.shows(*gpu_lines(1))
    stranger = subprocess.Popen(["sleep", "600"])
    driver.runs(stranger.pid, "GPU-0", 9000)
    first, error = claimed(wait=0.1)
    assert first == ""
    assert "GPU 0: used by sleep (" in error
    assert f"pid {stranger.pid}, 9000 MiB" in error
    stranger.kill()
    stranger.wait()
    assert claimed()[0].startswith("cuda 0 ")


def test_a_machine_with_a_driver_and_no_gpu_is_a_cpu_machine(driver: FakeDriver) -> None:
    """All GPUs may be passed on to virtual machines; the driver then counts none."""
    driver.shows()
    assert claimed()[0] == "cpu -1 -"


def test_a_lone_process_says_that_the_driver_is_silent_and_keeps_its_limit(driver: FakeDriver) -> None:
    """A training that starts on a machine with a hung driver must not look as if it loaded its data."""
    driver.shows("hang init", *gpu_lines(1))
    _, said = claimed(-1, 3)
    assert "waiting for a GPU: the NVIDIA driver has not answered for" in said
    assert "WaitRanOut: no GPU within 3 s" in said
