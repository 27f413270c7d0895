"""`exp-queue run` on a machine with GPUs: the real pynvml on the fake driver, real claims, real jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from scheduler.gpus.claims import live_claims
from tests.conftest import COMMAND
from tests.endtoend.gpus.conftest import GRID
from tests.fakes.nvml.fake_driver import gpu_lines

# Takes one of two seats and stays until both have been taken at once: a third job beside two finds none.
PAIR = """
import fcntl, os, sys, time
for seat in ("one", "two"):
    file = open(seat, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        break
    except BlockingIOError:
        file.close()
else:
    sys.exit("a third at once")
open("both-" + seat, "w").close()
deadline = time.monotonic() + 60
while not (os.path.exists("both-one") and os.path.exists("both-two")):
    if time.monotonic() > deadline:
        sys.exit("nobody came beside it")
    time.sleep(0.01)
time.sleep(0.3)
"""


def outputs(machine) -> list[str]:
    return [Path(job["log"]).read_text().strip() for job in machine.jobs()]


def test_one_experiment_per_gpu_and_never_two_on_one(machine) -> None:
    """Each job sees its own GPU, by bus order, and an exact probe finds no overlap."""
    result = machine("run", "grid.yaml")
    assert result.returncode == 0, result.stderr
    assert "2 GPUs (Fake)" in result.stderr
    assert {line.split()[0] for line in outputs(machine)} == {"0", "1"}
    assert {line.split(maxsplit=1)[1] for line in outputs(machine)} == {"PCI_BUS_ID None"}
    assert {job["gpus"] for job in machine.jobs()} == {"0", "1"}
    assert live_claims(machine.claims) == ()


def test_the_overlap_probe_sees_two_jobs_on_one_gpu(machine) -> None:
    """The probe of the test above is trusted because it fails when jobs do share a device."""
    machine.write("wait", "")
    environment = {**machine.environment, "CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    first = subprocess.Popen(
        [sys.executable, "job.py"], cwd=machine.directory, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout
    first.stdout.readline()
    second = subprocess.run([sys.executable, "job.py"], cwd=machine.directory, env=environment, capture_output=True, text=True)
    first.kill()
    first.communicate()
    assert "BlockingIOError" in second.stderr


def test_two_runners_at_once_share_the_gpus_without_a_double_booking(machine) -> None:
    """No daemon: the claims alone keep two `run` of different files apart."""
    machine.write("more.yaml", GRID.replace("[1, 2, 3, 4, 5, 6]", "[7, 8, 9, 10]"))
    both = [machine.start("run", name) for name in ("grid.yaml", "more.yaml")]
    results = [each.communicate(timeout=100) for each in both]
    assert [each.returncode for each in both] == [0, 0], results
    assert len(outputs(machine)) == 10


def test_a_claim_outlives_its_killed_runner_as_long_as_the_job(machine, until) -> None:
    """Case 19: kill -9 of the runner frees nothing that is still in use."""
    machine.write("wait", "")
    runner = machine.start("run", "grid.yaml")
    until(lambda: len(list(machine.directory.glob("device-*"))) == 2)  # both jobs run: nothing is on its way to a launcher
    assert len(live_claims(machine.claims)) == 2
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert len(live_claims(machine.claims)) == 2
    for standing in json.loads(machine("gpus", "--format", "json").stdout):
        (claim,) = standing["claims"]
        assert "job.py" in Path(f"/proc/{claim['pid']}/cmdline").read_text(), "gpus names a process that lives"
        assert claim["name"] in ("x=1", "x=2")
    (machine.directory / "wait").unlink()
    until(lambda: live_claims(machine.claims) == ())
    assert machine("run", "grid.yaml").returncode == 0
    assert [job["attempt"] for job in machine.jobs()] == [1] * 6


def test_a_foreign_process_is_respected_and_its_end_lets_the_job_start(machine, until) -> None:
    """Case 10: somebody else's training blocks a GPU; the runner says whose, and goes on when it leaves."""
    machine.driver.shows(gpu_lines(1)[0])
    foreign = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    machine.driver.runs(foreign.pid, "GPU-0", 9000)
    runner = machine.start("run", "grid.yaml", "x=1", "--quiet", "0")
    line = until(lambda: next((text for text in iter(runner.stderr.readline, "") if " wait" in text), ""))
    assert str(foreign.pid) in line
    assert foreign.poll() is None
    os.kill(foreign.pid, signal.SIGKILL)
    foreign.wait()
    runner.communicate(timeout=60)
    assert runner.returncode == 0


def test_small_jobs_share_a_gpu_by_memory(machine) -> None:
    """`gpu_memory` packs several experiments onto one GPU; each stays within its share."""
    machine.driver.shows(gpu_lines(1)[0])
    code = "import os, time; print(os.environ['XLA_PYTHON_CLIENT_MEM_FRACTION'], flush=True); time.sleep(1)"
    machine.write("small.yaml", f"command: [python, -c, {json.dumps(code)}, '${{args}}']\ngrid: {{x: [1, 2]}}\n")
    machine.write("small.yaml", (machine.directory / "small.yaml").read_text() + "resources: {gpus: 1, gpu_memory: 6GiB}\n")
    result = machine("run", "small.yaml", "-j4")
    assert result.returncode == 0, result.stderr
    first, second = machine.jobs()
    assert first["gpus"] == second["gpus"] == "0"
    assert second["started"] < first["ended"], "they did not run at the same time"
    assert outputs(machine) == ["0.256", "0.256"]


def test_so_many_jobs_share_a_gpu_as_the_file_says(machine) -> None:
    """Without a figure of memory and without -j: two at a time on the one GPU beside somebody else's command, never three."""
    machine.driver.shows(gpu_lines(1)[0])
    machine.write("grid.yaml", GRID.replace("job.py", "pair.py") + "resources: {share: 3}\n")
    machine.write("pair.py", PAIR)
    with subprocess.Popen(
        [*COMMAND, "exec", "--share", "3", "--", "sh", "-c", "echo; read line"],
        cwd=machine.directory,
        env=machine.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as beside:
        assert beside.stdout
        beside.stdout.readline()
        result = machine("run", "grid.yaml")
        beside.communicate(b"\n")
    assert result.returncode == 0, result.stderr
    assert "at most 3 at once; 1 GPU" in result.stderr
    assert {job["gpus"] for job in machine.jobs()} == {"0"}


def test_a_driver_that_fails_starts_nothing_and_says_so(machine, until) -> None:
    """A failing NVML is never GPU 0: jobs wait, with the reason, until a person looks."""
    machine.driver.shows("fail init 18")  # NVML_ERROR_LIB_RM_VERSION_MISMATCH
    runner = machine.start("run", "grid.yaml")
    line = until(lambda: next((text for text in iter(runner.stderr.readline, "") if " wait" in text), ""))
    assert "the GPUs are unknown" in line
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    assert runner.returncode == 130
    assert {job["state"] for job in machine.jobs()} == {"queued"}


def test_more_gpus_than_there_are_is_impossible_not_a_long_wait(machine) -> None:
    """Exit status 3, before anything is queued."""
    machine.write("big.yaml", GRID + "resources: {gpus: 3}\n")
    result = machine("run", "big.yaml")
    assert result.returncode == 3
    assert "needs 3 GPUs" in result.stderr
    assert machine.jobs() == []


def test_a_queued_job_for_more_gpus_than_there_are_stays_and_the_others_run(machine) -> None:
    """`submit` takes it, and says so; `work` used to refuse the whole queue for it."""
    machine.write("big.yaml", GRID + "resources: {gpus: 3}\n")
    assert "can never run here: needs 3 GPUs" in machine("submit", "big.yaml", "x=1").stderr
    machine("submit", "grid.yaml", "x=2")
    result = machine("work")
    assert result.returncode == 1, result.stderr
    assert "needs 3 GPUs" in result.stderr
    assert [(job["state"], job["reason"][:32]) for job in machine.jobs()] == [
        ("queued", "can never run here: needs 3 GPUs"),
        ("done", ""),
    ]


def test_cuda_visible_devices_limits_what_is_used(machine) -> None:
    """Case 25: a user who hides a GPU means it."""
    machine.environment["CUDA_VISIBLE_DEVICES"] = "1"
    assert machine("run", "grid.yaml").returncode == 0
    assert {line.split()[0] for line in outputs(machine)} == {"1"}


def test_a_variable_that_hides_all_gpus_is_what_the_commands_speak_of(machine) -> None:
    """Set long ago in some file: without its name people look for the fault in the job."""
    machine.environment["CUDA_VISIBLE_DEVICES"] = "9"
    for arguments in (("run", "grid.yaml"), ("exec", "--", "true")):
        result = machine(*arguments)
        assert "this machine has 2 GPUs, and CUDA_VISIBLE_DEVICES=9 hides them all; unset CUDA_VISIBLE_DEVICES" in result.stderr
    machine.environment["CUDA_VISIBLE_DEVICES"] = ""
    assert 'CUDA_VISIBLE_DEVICES="" hides every GPU' in machine("exec", "--gpus", "1", "--", "true").stderr


def test_which_mig_instance_a_job_got_is_shown(machine) -> None:
    """Its output alone told it."""
    uuid = "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f"
    machine.driver.shows(gpu_lines(1)[0] + " mig", f"mig GPU-0 {uuid} 5000")
    result = machine("run", "grid.yaml", "x=1")
    assert f"started on {uuid}" in result.stderr
    assert machine.jobs()[0]["gpus"] == uuid
    assert f", {uuid}, slot 0" in machine("show").stdout
    assert "MIG-c6d4f1ef" in machine("status").stdout
    assert uuid not in machine("status").stdout


def test_an_attempt_keeps_the_model_of_its_gpu_and_the_driver(machine) -> None:
    """The same code trains otherwise on another GPU, and a driver is upgraded overnight."""
    assert machine("run", "grid.yaml", "x=1").returncode == 0
    (found,) = json.loads(machine("show", "last", "--format", "json").stdout)
    origin = found["attempts"][0]["origin"]
    assert origin["driver"]
    assert origin["gpu_models"]
    assert f"NVIDIA driver {origin['driver']}, {origin['gpu_models'][0]}" in machine("show", "last").stdout


def test_trials_may_be_asked_for_on_the_cpu_of_a_machine_with_gpus(machine) -> None:
    """A search for the settings of a small model leaves the GPUs to others; --gpus began at 1."""
    machine.write("cpu.py", "import os\nprint('loss:', len(os.environ['CUDA_VISIBLE_DEVICES'].replace('-1', '')))\n")
    space = "parameters: {x: {values: [1, 2]}}\nmetric: {name: loss, goal: minimize}\n"
    machine.write("cpu_sweep.yaml", f"command: [python, cpu.py]\nmethod: grid\n{space}")
    done = machine("sweep", "cpu_sweep.yaml", "--gpus", "0")
    assert done.returncode == 0, done.stderr
    assert [(job["resources"]["gpus"], job["gpus"], job["metrics"]["loss"]) for job in machine.jobs()] == [(0, "", 0)] * 2
