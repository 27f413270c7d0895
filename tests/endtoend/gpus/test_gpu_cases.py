"""What happens to jobs on shared GPUs when others come, memory runs out, files vanish and runners leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.gpus.claims import live_claims
from scheduler.gpus.usage import ENOUGH_READINGS
from scheduler.runner.job_desk import LEISURE
from tests.fakes.nvml.fake_driver import gpu_lines

# "Allocates" 5000 MiB on its GPU as soon as it runs, and does what its first argument says.
TRAINER = """
import os, sys, time
def wait(name):
    while not os.path.exists(name):
        time.sleep(0.01)
gpu, attempt = os.environ["CUDA_VISIBLE_DEVICES"], os.environ["EXP_QUEUE_ATTEMPT"]
print("share", os.environ.get("XLA_CLIENT_MEM_FRACTION"), flush=True)
open(f"{os.environ['FAKE_NVML_PROCESSES']}/{os.getpid()}", "w").write(f"GPU-{gpu} 5000")
act = sys.argv[1].split("=")[1]
if act == "exhaust" and attempt == "1":
    if os.path.exists("slowly"):
        wait("go")
    sys.exit("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.")
if act == "long":
    wait("go")
if act == "leave" and os.fork() == 0:
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    open("left", "w").write(str(os.getpid()))
    time.sleep(600)
"""
FILE = "command: [python, trainer.py, '${args_no_hyphens}']\ngrid: {x: [ACTS]}\nresources: {MORE}\npolicy: {retries: RETRIES}\n"


@pytest.fixture
def foreign() -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def one_gpu(machine):
    machine.driver.shows(gpu_lines(1)[0])
    machine.write("trainer.py", TRAINER)
    return machine


def write(machine, *acts: str, retries: int = 0, more: str = "", name: str = "file.yaml") -> str:
    text = FILE.replace("ACTS", ", ".join(acts)).replace("MORE", more).replace("RETRIES", str(retries))
    return machine.write(name, text)


def heard(process: subprocess.Popen, words: str) -> str:
    """The first line on standard error with these words in it."""
    for line in iter(process.stderr.readline, ""):
        if words in line:
            return line
    raise AssertionError(f"never said: {words}")


def shares(machine) -> list[str]:
    return [Path(attempt["log"]).read_text().split()[1] for job in machine.jobs() for attempt in attempts(machine, job)]


def allocated(machine) -> bool:
    """Whether a trainer has memory on a GPU."""
    return any(each.read_text() for each in Path(machine.environment["FAKE_NVML_PROCESSES"]).iterdir())


def attempts(machine, job: dict) -> list[dict]:
    return json.loads(machine("show", job["id"], "--format", "json").stdout)[0]["attempts"]


def test_out_of_memory_beside_a_stranger_is_repeated_without_spending_a_retry(one_gpu, foreign) -> None:
    """Cases 13 and 14: the stranger is left alone and named; our job, which has no retries at all, runs again when it is gone."""
    one_gpu.write("slowly", "")
    runner = one_gpu.start("run", write(one_gpu, "exhaust"), "--quiet", "0")
    heard(runner, "started")
    one_gpu.driver.runs(foreign.pid, "GPU-0", 9000)
    assert f"pid {foreign.pid}, 9000 MiB) came onto GPU 0" in heard(runner, "warning")
    one_gpu.write("go", "")
    assert "no retry spent" in heard(runner, "failed")
    assert f"pid {foreign.pid}" in heard(runner, " wait")
    assert foreign.poll() is None
    os.kill(foreign.pid, signal.SIGKILL)
    foreign.wait()
    runner.communicate(timeout=60)
    assert runner.returncode == 0
    (job,) = one_gpu.jobs()
    assert [(a["state"], a["exit_status"]) for a in attempts(one_gpu, job)] == [("failed", 1), ("done", 0)]


def test_a_retry_after_out_of_memory_asks_for_half_as_much_again(one_gpu) -> None:
    """6 GiB were too little; the second attempt, by the job's own policy, gets 9."""
    result = one_gpu("run", write(one_gpu, "exhaust", retries=1, more="gpu_memory: 6GiB"))
    assert result.returncode == 0, result.stderr
    assert "out of GPU memory with 6144 MiB (exit status 1); its policy starts it again" in result.stderr
    assert shares(one_gpu) == ["0.256", "0.384"]


def test_out_of_memory_that_a_killed_runner_never_wrote_down_is_judged_alike(one_gpu) -> None:
    """The next command finds the end in the launcher's journal; its retry too must get more than what was too little."""
    one_gpu.environment["EXP_QUEUE_FAILPOINT"] = "end-heard:kill"
    assert one_gpu("run", write(one_gpu, "exhaust", retries=1, more="gpu_memory: 6GiB")).returncode == -signal.SIGKILL
    del one_gpu.environment["EXP_QUEUE_FAILPOINT"]
    assert one_gpu("run", "file.yaml").returncode == 0
    assert shares(one_gpu) == ["0.256", "0.384"]
    (job,) = one_gpu.jobs()
    reasons = [attempt["reason"] for attempt in attempts(one_gpu, job)]
    assert reasons == ["out of GPU memory with 6144 MiB (exit status 1)", ""]


def test_without_a_retry_out_of_memory_is_a_failure_that_says_so(one_gpu) -> None:
    """Only the declared policy repeats a job; the reason is what a person needs to declare one."""
    result = one_gpu("run", write(one_gpu, "exhaust", more="gpu_memory: 6GiB"))
    assert result.returncode == 1
    assert "out of GPU memory with 6144 MiB" in one_gpu("show").stdout


def test_a_job_without_a_request_has_its_gpu_alone_and_is_packed_by_its_peak_the_next_time(one_gpu, until) -> None:
    """Nobody has to know how much memory a model takes: the first run measures it."""
    runner = one_gpu.start("run", write(one_gpu, "long", "short"), "-j2")
    heard(runner, " wait")
    until(lambda: allocated(one_gpu))
    assert "whole GPU" in one_gpu("gpus").stdout
    # Nothing tells how often the runner has measured: time for twice as many readings as make a figure.
    time.sleep(2 * ENOUGH_READINGS * LEISURE)
    one_gpu.write("go", "")
    runner.communicate(timeout=60)
    assert runner.returncode == 0
    assert one_gpu("run", "file.yaml", "--again").returncode == 0
    first, again = [job for job in one_gpu.jobs() if job["config"] == {"x": "long"}]
    assert Path(first["log"]).read_text().split()[1] == "None"
    assert Path(again["log"]).read_text().split()[1] == f"{int((5000 * 11 // 10 + 256) / 24000 * 1000) / 1000:.3f}"


def test_a_job_for_all_gpus_is_not_starved_by_small_ones(machine, until) -> None:
    """Case 17: with three of four free it claims none, keeps them, and starts before what stands behind it."""
    machine.driver.shows(*gpu_lines(4))
    holders = [machine.start("exec", "--", "sleep", "600") for _ in range(4)]
    until(lambda: len(live_claims(machine.claims)) == 4)
    for name, gpus in (("big.yaml", 4), ("small.yaml", 1)):
        machine.write(name, f"command: [python, job.py, '${{args}}']\ngrid: {{x: [{gpus}]}}\nresources: {{gpus: {gpus}}}\n")
        runner = machine.start("run", name)
        heard(runner, " wait")
        runner.send_signal(signal.SIGINT)
        runner.communicate(timeout=60)
    for holder in holders[:3]:
        holder.terminate()
        holder.wait()
    runner = machine.start("retry", "queued", "-j8")
    assert "3 can be had now" in heard(runner, " wait")
    assert "kept for a job that waits longer" in heard(runner, " wait")
    assert len(live_claims(machine.claims)) == 1
    assert "kept for" in machine("explain").stdout
    holders[3].terminate()
    runner.communicate(timeout=60)
    big, small = machine.jobs()
    assert (big["state"], small["state"]) == ("done", "done")
    assert big["started"] < small["started"]  # that they never overlap is the claims' promise, and has its own tests


def test_a_lost_gpu_does_not_hold_up_the_others(machine, until) -> None:
    """A job for both GPUs stands first; it says what it waits for, the next job runs, and after a reset so does the first."""
    good = gpu_lines(2)
    machine.driver.shows(good[0], good[1] + " error=15")
    for name, gpus in (("big.yaml", 2), ("small.yaml", 1)):
        machine.write(name, f"command: [python, job.py, '${{args}}']\ngrid: {{x: [{gpus}]}}\nresources: {{gpus: {gpus}}}\n")
        assert machine("submit", name).returncode == 0
    runner = machine.start("work", "-j2")
    assert "GPU is lost (NVML error 15); it comes back only after a reset" in heard(runner, "waits: needs 2 GPUs")
    until(lambda: machine.states() == ["queued", "done"])
    machine.driver.shows(*good)
    runner.communicate(timeout=60)
    assert runner.returncode == 0


def test_a_runner_that_leaves_leaves_the_claims_of_its_jobs(one_gpu, until) -> None:
    """Case 21: a closed terminal frees no GPU that is in use; the next runner waits for the job and goes on."""
    runner = one_gpu.start("run", write(one_gpu, "long", "short"))
    heard(runner, "started")
    runner.send_signal(signal.SIGHUP)
    runner.communicate(timeout=60)
    assert len(live_claims(one_gpu.claims)) == 1
    second = one_gpu.start("run", "file.yaml")
    heard(second, "already running")
    one_gpu.write("go", "")
    second.communicate(timeout=60)
    assert second.returncode == 0
    assert [job["attempt"] for job in one_gpu.jobs()] == [1, 1]


def test_a_grandchild_that_hides_and_ignores_signals_is_killed_before_its_gpu_is_free(one_gpu, until) -> None:
    """Case 22: the claim ends with the last process, not with the first that looks like the job."""
    runner = one_gpu.start("run", write(one_gpu, "leave"))
    left = int(until(lambda: (one_gpu.directory / "left").exists() and (one_gpu.directory / "left").read_text()))
    assert len(live_claims(one_gpu.claims)) == 1
    until(lambda: one_gpu.jobs("running"))
    assert one_gpu("cancel", "running").returncode == 0
    assert not Path(f"/proc/{left}").exists()
    assert live_claims(one_gpu.claims) == ()
    runner.communicate(timeout=60)


def test_a_deleted_claim_file_is_told_and_memory_still_protects_the_gpu(one_gpu, until) -> None:
    """Case 23: a cleaner of old files hides a claim from others; nobody may come onto that GPU all the same."""
    runner = one_gpu.start("run", write(one_gpu, "long"))
    until(lambda: allocated(one_gpu))
    (claim,) = one_gpu.claims.glob("*.claim")
    claim.unlink()
    assert str(claim) in heard(runner, "was deleted while its job runs")
    late = one_gpu("exec", "--wait", "0", "--", "true")
    assert (late.returncode, "5000 MiB" in late.stderr) == (124, True)
    one_gpu.write("go", "")
    runner.communicate(timeout=60)
    assert runner.returncode == 0


def test_a_job_that_claims_for_itself_uses_the_claim_of_its_runner(one_gpu) -> None:
    """Case 27: the default command says --gpu=-1; on the only GPU it would otherwise wait for itself for ever."""
    code = "import os\nfrom scheduler.gpus.lone import claim_devices\nd = claim_devices(-1, wait=5)\n"
    one_gpu.write("train.py", code + "print(d.kind, d.indices, d.claim)\n")
    one_gpu.write("default.yaml", "program: train.py\ngrid: {x: [1]}\n")
    result = one_gpu("run", "default.yaml")
    assert result.returncode == 0, result.stderr
    assert Path(one_gpu.jobs()[0]["log"]).read_text() == "cuda (0,) None\n"
