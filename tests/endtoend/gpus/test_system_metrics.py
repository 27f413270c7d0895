"""What jobs use of GPUs, without a line in their scripts: the real pynvml on the fake driver, real runners, real jobs."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from scheduler.attempt_files import SYSTEM

# Is on its GPU with 500 MiB, until the test has seen enough.
JOB = """
import os, time
place = os.environ["FAKE_NVML_PROCESSES"] + "/" + str(os.getpid())
open(place + ".new", "w").write("GPU-" + os.environ["CUDA_VISIBLE_DEVICES"] + " 500")
os.rename(place + ".new", place)
while not os.path.exists("enough"):
    time.sleep(0.02)
"""
FILE = "command: [python, train.py, '${args}']\nexperiments: [{x: 1}]\n"
GPU = "gpu GPU-0 00000000:10:00.0 Fake 24000 reserved=300"


def prepared(machine, *lines: str, every: str = "0.2") -> None:
    machine.environment["EXP_QUEUE_SYSTEM_METRICS"] = every
    machine.driver.shows(*(lines or (f"{GPU} util=3 power=120 temp=61 clock=1410 throttle=4 energy=1000000",)))
    machine.write("train.py", JOB)
    machine.write("train.yaml", FILE)


def rows(machine) -> list[dict]:
    logs = [Path(job["directory"]) / SYSTEM for job in machine.jobs() if job["directory"]]
    # The last line of a file that is being written to may be seen half.
    return [json.loads(line) for log in logs if log.exists() for line in log.read_text().split("\n")[:-1]]


def of_gpus(machine) -> list[dict]:
    return [row for row in rows(machine) if "gpu.0.use" in row]


def as_if_it_ran_for_minutes(machine) -> None:
    """Rows of the past; the test does not wait for them."""
    (job,) = machine.jobs()
    past = [{"_time": time.time() - ago, "gpu.0.use": 3.0} for ago in range(400, -1, -5)]
    with (Path(job["directory"]) / SYSTEM).open("a") as log:
        log.write("".join(json.dumps(row) + "\n" for row in past))


def shown(machine) -> dict:
    """What `show` tells programs of the last job's use of the machine."""
    return json.loads(machine("show", "--format", "json").stdout)[0]["system"]


def test_a_job_on_a_gpu_is_seen_with_all_that_the_driver_tells(machine, until) -> None:
    """Use, memory, watts, degrees, clock and why it is low, without a line in the script; the energy by the GPU's own counter."""
    prepared(machine)
    run = machine.start("run", "train.yaml")
    seen = until(lambda: [row for row in of_gpus(machine) if "gpu.0.memory" in row])[-1]
    machine.driver.shows(f"{GPU} util=3 power=120 temp=61 clock=1410 throttle=4 energy=4600000")
    until(lambda: any(row["gpu.energy"] > 0 for row in of_gpus(machine)))
    as_if_it_ran_for_minutes(machine)
    until(lambda: machine.states() == ["running"])
    assert "its GPU is 3 % busy in the last minutes; more data workers" in machine("status").stderr
    machine.write("enough", "")
    assert run.wait(100) == 0
    figures = {name: value for name, value in seen.items() if name.startswith("gpu.0")}
    assert figures == {
        "gpu.0.use": 3.0,
        "gpu.0.memory": 500,
        "gpu.0.device_memory": 500,
        "gpu.0.power": 120.0,
        "gpu.0.temperature": 61,
        "gpu.0.clock": 1410,
        "gpu.0.throttled": "power cap",
    }
    used = shown(machine)
    assert (used["energy_wh"], used["shared"], used["gpu_use"], used["gpu_memory_peak"]) == (1.0, False, 3.0, 500.0)
    machine.environment["EXP_QUEUE_CO2_PER_KWH"] = "380"
    told = machine("show").stdout
    assert "1 Wh, used by its GPUs, about 0.38 g of CO2" in told
    assert "GPU 3 % busy (peak 3 %), 500 MiB of its memory at most" in told


def test_a_driver_that_fails_amid_ends_neither_the_job_nor_what_else_is_known_of_it(machine, until) -> None:
    """An upgrade of the driver under a running training: what is not known has no row, and no row is made up."""
    prepared(machine)
    run = machine.start("run", "train.yaml")
    until(lambda: of_gpus(machine))
    machine.driver.shows("fail count 999")
    until(lambda: "the GPUs are unknown" in machine("gpus").stderr or machine("gpus").returncode != 0)
    before, of_then = len([row for row in rows(machine) if "cpu.use" in row]), len(of_gpus(machine))
    until(lambda: len([row for row in rows(machine) if "cpu.use" in row]) > before + 25)
    made_up = len(of_gpus(machine)) - of_then
    machine.driver.shows(f"{GPU} util=90 power=300 temp=70 clock=1410 energy=4600000")
    until(lambda: any(row["gpu.0.use"] == 90.0 and row["gpu.energy"] > 0 for row in of_gpus(machine)))
    machine.write("enough", "")
    assert run.wait(100) == 0
    assert made_up <= 2, "more than what was read before, and is written down with the next look"
    assert shown(machine)["energy_wh"] == 1.0, "the GPU's own counter knows what was used meanwhile"


def test_when_the_runner_is_killed_the_launcher_goes_on_and_the_next_runner_too(machine, until) -> None:
    """What only a runner can read is missing as long as there is none, and the energy goes on from what stands there."""
    prepared(machine)
    first = machine.start("run", "train.yaml")
    until(lambda: of_gpus(machine))
    machine.driver.shows(f"{GPU} util=3 energy=4600000")
    until(lambda: any(row["gpu.energy"] == 1.0 for row in of_gpus(machine)))
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    gpus, others = len(of_gpus(machine)), len(rows(machine)) - len(of_gpus(machine))
    until(lambda: len(rows(machine)) - len(of_gpus(machine)) > others + 3)
    second = machine.start("run", "train.yaml")
    until(lambda: len(of_gpus(machine)) > gpus + 1)
    machine.driver.shows(f"{GPU} util=3 energy=8200000")
    until(lambda: any(row["gpu.energy"] == 2.0 for row in of_gpus(machine)))
    machine.write("enough", "")
    assert second.wait(100) == 0
    assert shown(machine)["energy_wh"] == 2.0


def test_zero_switches_all_of_it_off(machine) -> None:
    """Somebody whose disk is full of small files must be able to."""
    prepared(machine, every="0")
    machine.write("enough", "")
    assert machine("run", "train.yaml").returncode == 0
    assert rows(machine) == []
    assert shown(machine) is None


def test_an_interval_that_is_none_is_refused(machine) -> None:
    """A typing error must not be silence, nor the usual interval."""
    prepared(machine, every="often")
    machine.write("enough", "")
    result = machine("run", "train.yaml")
    assert result.returncode != 0
    assert 'EXP_QUEUE_SYSTEM_METRICS is "often", not a number of seconds' in result.stderr
    (job,) = json.loads(machine("show", "--format", "json").stdout)
    assert [event["state"] for event in job["events"]] == ["queued"], "nothing had begun"
