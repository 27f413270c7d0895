"""Scripts that set CUDA_VISIBLE_DEVICES themselves: named, counted where they are, and remembered."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.endtoend.gpus.test_gpu_cases import heard

# Whatever it was given, it computes on GPU 0. Its memory runs out once somebody says so.
WRONG = """
import os, sys, time
os.environ["CUDA_VISIBLE_DEVICES"] = "0"
place = os.environ["FAKE_NVML_PROCESSES"] + "/" + str(os.getpid())
open(place + ".new", "w").write("GPU-0 5000")
os.rename(place + ".new", place)
while not os.path.exists("go"):
    time.sleep(0.01)
if os.path.exists("exhaust"):
    sys.exit("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.")
"""
SAYS = "was given GPU 1 and computes on GPU 0: its program chooses the device itself"


@pytest.fixture
def wrong(machine):
    machine.write("wrong.py", WRONG)
    machine.write("wrong.yaml", "command: [python, wrong.py, '${args}']\ngrid: {x: [1, 2]}\n")
    return machine


def test_a_job_on_the_wrong_gpu_is_named_while_it_runs_and_remembered(wrong) -> None:
    """The tables said 1 and the memory was on 0: nobody could see why the sweep was slow."""
    runner = wrong.start("run", "wrong.yaml")
    assert SAYS in heard(runner, "warning: job ")
    first, second = json.loads(wrong("gpus", "--format", "json").stdout)
    assert {process["ours"] for process in first["processes"]} == {True}
    assert [each["given"] for each in first["astray"]] == ["GPU 1"]
    assert (second["astray"], second["could_start"]) == ([], False)
    table = wrong("gpus").stdout
    assert "was given GPU 1, computes here (5000 MiB)" in table
    assert "not ours" not in table
    wrong.write("go", "")
    runner.communicate(timeout=60)
    assert runner.returncode == 0
    right, astray = wrong.jobs()
    assert [(job["gpus"], job["elsewhere"]) for job in (right, astray)] == [("0", ""), ("1", "0")]
    assert "1, computed on 0" in wrong("status").stdout
    assert "given GPU 1, computed on GPU 0" in wrong("show", astray["id"]).stdout
    (found,) = json.loads(wrong("show", astray["id"], "--format", "json").stdout)
    assert [attempt["elsewhere"] for attempt in found["attempts"]] == ["0"]
    assert [SAYS in event["detail"] for event in found["events"]].count(True) == 1


def test_its_out_of_memory_spends_a_retry_and_is_blamed_on_nobody_else(wrong) -> None:
    """It was repeated five times for nothing, as if a stranger had come."""
    wrong.write("exhaust", "")
    runner = wrong.start("run", "wrong.yaml")
    heard(runner, SAYS)
    wrong.write("go", "")
    _, said = runner.communicate(timeout=60)
    assert runner.returncode == 1
    assert "out of GPU memory on GPU 0, which it had not been given" in said
    assert "no retry spent" not in said
    assert [job["attempt"] for job in wrong.jobs()] == [1, 1]


def test_a_job_without_a_gpu_that_computes_on_one_is_named_too(wrong) -> None:
    """It has no claim; `env -i` takes its names away as well. The lock of its directory still tells whose it is."""
    command = "[env, -i, 'FAKE_NVML_PROCESSES=FOLDER', PYTHON, wrong.py, '${args}']"
    command = command.replace("FOLDER", wrong.environment["FAKE_NVML_PROCESSES"]).replace("PYTHON", sys.executable)
    wrong.write("cpu.yaml", f"command: {command}\ngrid: {{x: [1]}}\nresources: {{gpus: 0}}\n")
    runner = wrong.start("run", "cpu.yaml")
    heard(runner, "was given no GPU and computes on GPU 0: its program chooses the device itself")
    wrong.write("go", "")
    runner.communicate(timeout=60)
    assert [(job["gpus"], job["elsewhere"]) for job in wrong.jobs()] == [("", "0")]


def test_what_exec_runs_on_another_gpu_is_named_to_whoever_waits_for_that(wrong, until) -> None:
    """No runner watches it; the one who finds the GPU in use must hear whose program it is."""
    process = wrong.start("exec", "--", "python", "wrong.py")
    until(lambda: any(Path(wrong.environment["FAKE_NVML_PROCESSES"]).iterdir()))
    other = wrong.start("exec", "--", "python", "wrong.py")
    refusal = until(
        lambda: "without having been given it" in (said := wrong("exec", "--wait", "0", "--", "true").stderr) and said
    )
    assert "used by python wrong.py (" in refusal
    wrong.write("go", "")
    assert (process.wait(timeout=60), other.wait(timeout=60)) == (0, 0)


def test_a_job_of_a_runner_that_sees_no_gpu_is_noted_by_one_that_does(wrong, until) -> None:
    """The other runner was told to use the CPU and reads no GPUs; the queue is the same."""
    visible = dict(wrong.environment)
    wrong.environment["CUDA_VISIBLE_DEVICES"] = "-1"
    blind = wrong.start("run", "wrong.yaml", "x=1")
    heard(blind, "started")
    wrong.environment.clear()
    wrong.environment.update(visible)
    wrong.write("wait", "")
    seeing = wrong.start("run", "grid.yaml", "x=1")
    heard(seeing, "was given no GPU and computes on GPU 0")
    until(lambda: next(job["elsewhere"] for job in wrong.jobs()) == "0")
    wrong.write("go", "")
    (wrong.directory / "wait").unlink()
    assert (blind.wait(timeout=60), seeing.wait(timeout=60)) == (0, 0)
