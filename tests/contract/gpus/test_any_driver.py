"""What every driver must do for us: the same promises on the fake driver and, marked `gpu`, on a real one.

    pytest tests/contract/gpus/test_any_driver.py -m gpu -s        # on a machine with a GPU, PyTorch and nobody else on GPU 0

The real ones print what they measure: initialisation, a reading, how long memory takes to return after a kill -9.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fake_driver import gpu_lines

from scheduler.gpus.driver import surely_no_driver
from scheduler.gpus.reading import Gpu, Reading
from scheduler.gpus.sampler import Sampler, read_once

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "scheduler.cli.main"]
FAKE = """
import os, sys, time
place = os.environ["FAKE_NVML_PROCESSES"] + "/" + str(os.getpid())
open(place + ".new", "w").write("GPU-0 " + sys.argv[1])
os.rename(place + ".new", place)
print("ready", flush=True)
time.sleep(600)
"""
REAL = """
import sys, time, torch
held = torch.empty(int(sys.argv[1]) << 20, dtype=torch.uint8, device="cuda")
torch.cuda.synchronize()
print("ready", flush=True)
time.sleep(600)
"""


@dataclass
class AnyMachine:
    """A machine whose GPU 0 is free, and a program that takes so many MiB of it."""

    program: str
    environment: dict[str, str]
    real: bool
    started: list[subprocess.Popen] = field(default_factory=list)

    def take(self, mib: int, *before: str) -> subprocess.Popen:
        """A process that has `mib` MiB of GPU 0, started by `before` (a command that runs it), once it has them."""
        argv = [*before, sys.executable, "-c", self.program, str(mib)]
        process = subprocess.Popen(argv, env=self.environment, stdout=subprocess.PIPE, text=True)
        self.started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.gpu)])
def any_machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyMachine]:
    own = {"PYTHONPATH": str(ROOT), "EXP_QUEUE_LOCK_DIR": str(tmp_path / "claims"), "EXP_QUEUE_HOME": str(tmp_path / "home")}
    if request.param == "fake":
        request.getfixturevalue("driver").shows(*gpu_lines(2))
    elif surely_no_driver():
        pytest.skip("this machine has no NVIDIA driver")
    else:
        own["CUDA_VISIBLE_DEVICES"] = "0"
    made = AnyMachine(FAKE if request.param == "fake" else REAL, {**os.environ, **own}, request.param == "real")
    yield made
    for process in made.started:
        process.terminate()
        process.communicate()


def seen(wanted: Callable[[Gpu], object]) -> Gpu:
    """GPU 0, once it is as wanted; fails after a generous while."""
    deadline = time.monotonic() + 90
    with Sampler() as sampler:
        while time.monotonic() < deadline:
            reading = sampler.read()
            if reading and reading.gpus and wanted(reading.gpus[0]):
                return reading.gpus[0]
            sampler.ask()
            sampler.rest(0.05)
    raise AssertionError("the GPU never was as it should be")


def test_every_gpu_has_an_identity_and_sane_figures(any_machine: AnyMachine) -> None:
    """Whatever the driver's order, a GPU is its UUID, and its number is its place on the bus."""
    start = time.monotonic()
    reading: Reading = read_once()
    took = time.monotonic() - start
    assert reading.problem is None
    assert len({gpu.uuid for gpu in reading.gpus}) == len(reading.gpus) > 0
    whole = [gpu for gpu in reading.gpus if not gpu.parent]
    assert [gpu.index for gpu in whole] == list(range(len(whole)))
    assert [gpu.bus for gpu in whole] == sorted(gpu.bus for gpu in whole)
    for gpu in whole:
        assert gpu.total is None or 0 <= (gpu.used or 0) <= (gpu.capacity or 0) <= gpu.total
    if any_machine.real:
        print(f"first reading, initialisation included: {took * 1000:.0f} ms; driver {reading.driver}")


def test_a_process_is_listed_with_its_user_and_its_memory_comes_back(any_machine: AnyMachine) -> None:
    """Admission rests on both; a kill -9 leaves the return of the memory to the driver."""
    before = read_once().gpus[0].used or 0
    process = any_machine.take(2000)
    gpu = seen(lambda g: (g.used or 0) >= before + 2000)
    (found,) = [p for p in gpu.processes if p.pid == process.pid]
    assert (found.uid, found.compute, found.claim) == (os.getuid(), True, "")
    assert found.memory is None or found.memory >= 2000
    killed = time.monotonic()
    process.send_signal(signal.SIGKILL)
    process.wait()
    seen(lambda g: (g.used or 0) < before + 300)
    if any_machine.real:
        print(f"memory back {time.monotonic() - killed:.3f} s after kill -9")


def test_two_jobs_share_a_gpu_and_are_known_as_ours(any_machine: AnyMachine) -> None:
    """Packing on the device itself: both run, each under its claim, and a third that does not fit is refused."""
    capacity = read_once().gpus[0].capacity or 0
    share = f"{capacity // 5 * 2}MiB"
    both = [any_machine.take(1000, *COMMAND, "exec", "--memory", share, "--") for _ in range(2)]
    if not any_machine.real:
        any_machine.environment["CUDA_VISIBLE_DEVICES"] = "0"
    gpu = seen(lambda g: len([p for p in g.processes if p.claim]) == 2)
    assert len({p.claim for p in gpu.processes}) == 2
    third = [*COMMAND, "exec", "--memory", share, "--wait", "0", "--", "true"]
    assert subprocess.run(third, env=any_machine.environment, capture_output=True).returncode == 124
    for each in both:
        each.terminate()
        each.wait()


@pytest.mark.gpu
def test_a_job_that_runs_out_of_memory_is_retried_with_more(tmp_path: Path) -> None:
    """The whole way on a real device: PyTorch's own words, and a second attempt that gets the GPU for itself."""
    if surely_no_driver():
        pytest.skip("this machine has no NVIDIA driver")
    code = (
        "import os, torch; free, total = torch.cuda.mem_get_info(); first = os.environ['EXP_QUEUE_ATTEMPT'] == '1'; "
        "torch.empty(2 * total if first else 1 << 20, dtype=torch.uint8, device='cuda')"
    )
    (tmp_path / "file.yaml").write_text(
        f"command: [{sys.executable}, -c, \"{code}\", '${{args}}']\ngrid: {{x: [1]}}\n"
        "resources: {gpu_memory: 2GiB}\npolicy: {retries: 1}\n"
    )
    own = {"EXP_QUEUE_HOME": str(tmp_path / "home"), "EXP_QUEUE_LOCK_DIR": str(tmp_path / "claims"), "PYTHONPATH": str(ROOT)}
    command = [*COMMAND, "run", "file.yaml"]
    result = subprocess.run(command, cwd=tmp_path, env={**os.environ, **own}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "out of GPU memory with 2048 MiB" in result.stderr
