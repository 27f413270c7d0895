"""`gpus`, `explain` and `doctor` on a machine with fake GPUs: what a person at night reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.fakes.nvml.fake_driver import gpu_lines


@pytest.fixture
def foreign(machine) -> Iterator[subprocess.Popen]:
    """Somebody else's training on GPU 0."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    machine.driver.runs(process.pid, "GPU-0", 9000)
    yield process
    process.kill()
    process.wait()


def shown(machine, *options: str) -> list[dict]:
    result = machine("gpus", "--format", "json", *options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def queued(machine, *, resources: str = "{}") -> str:
    """A queued job that nobody drives: its runner was told to stop before a GPU came free. Returns its id."""
    machine.write("one.yaml", f"command: [python, job.py, '${{args}}']\ngrid: {{x: [1]}}\nresources: {resources}\n")
    runner = machine.start("run", "one.yaml")
    for line in iter(runner.stderr.readline, ""):
        if " wait" in line:
            break
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=60)
    return machine.jobs()[0]["id"]


def test_gpus_shows_whose_processes_and_claims_are_where(machine, foreign, until) -> None:
    """Who holds which GPU is the first question on a shared machine."""
    machine.start("exec", "--memory", "6GiB", "--", "sleep", "600")
    first, second = until(lambda: (found := shown(machine)) and found[1]["claims"] and found)
    assert [(p["pid"], p["memory"], p["ours"]) for p in first["processes"]] == [(foreign.pid, 9000, False)]
    assert (first["could_start"], first["room"]) == (False, 0)
    assert f"pid {foreign.pid}, 9000 MiB" in first["obstacle"]
    assert second["claims"][0]["label"] == "sleep"
    assert second["claims"][0]["memory"] == 6144
    assert second["room"] == 24000 - 300 - 6144 - 512
    table = machine("gpus")
    assert "not ours: python" in table.stdout
    assert "up to 17044 MiB" in table.stdout
    assert str(machine.claims) in table.stderr


def test_gpus_shows_a_process_of_a_claim_as_ours(machine, until) -> None:
    """Our own training must not look like an intruder."""
    machine.start("exec", "--", "sh", "-c", "echo $$ > pid; exec sleep 600")
    written = machine.directory / "pid"
    child = int(until(lambda: written.exists() and written.read_text()))
    machine.driver.runs(child, "GPU-0", 5000)
    assert [(p["pid"], p["ours"]) for p in shown(machine)[0]["processes"]] == [(child, True)]


def test_gpus_watch_goes_on_with_a_line_for_each_reading(machine) -> None:
    """For dashboards and for people who wait for a colleague."""
    watching = machine.start("gpus", "--watch", "--format", "json")
    lines = [json.loads(watching.stdout.readline()) for _ in range(2)]
    assert [len(each) for each in lines] == [2, 2]
    watching.send_signal(signal.SIGINT)
    assert watching.wait() == 130


def test_a_limit_from_the_environment_lets_an_idle_notebook_be_ignored(machine, foreign) -> None:
    """One variable for the whole machine, so that `run`, `exec` and `--gpu=-1` agree."""
    assert shown(machine, "--ignore-below", "10GiB")[0]["could_start"]
    machine.environment["EXP_QUEUE_IGNORE_BELOW"] = "10000"
    assert shown(machine)[0]["could_start"]
    machine.environment["EXP_QUEUE_IGNORE_BELOW"] = "much"
    result = machine("gpus")
    assert result.returncode == 2
    assert "EXP_QUEUE_IGNORE_BELOW" in result.stderr


def test_unknown_gpus_are_an_error_and_not_an_empty_list(machine) -> None:
    """A script that counts free GPUs must not read a failing driver as a machine without any."""
    machine.driver.shows("fail init 18")
    result = machine("gpus", "--format", "json")
    assert (result.returncode, result.stdout) == (3, "")
    assert "the GPUs are unknown" in result.stderr


def test_explain_names_the_process_in_the_way(machine, foreign) -> None:
    """Which GPU, whose process, how much memory: in one sentence."""
    machine.driver.shows(gpu_lines(1)[0])
    job = queued(machine)
    result = machine("explain", job[:8])
    assert result.stdout.count("\n") == 1
    assert f"job {job[:8]} waits: GPU 0: used by python" in result.stdout
    assert f"pid {foreign.pid}, 9000 MiB" in result.stdout
    os.kill(foreign.pid, signal.SIGKILL)
    foreign.wait()
    assert "nothing is in its way" in machine("explain").stdout


def test_explain_says_when_the_driver_is_silent(machine, foreign) -> None:
    """Case 3: a hung driver makes the GPUs unknown; nothing starts, and a person is told why."""
    machine.driver.shows(gpu_lines(1)[0])
    queued(machine)
    machine.driver.shows("hang init", *gpu_lines(1))
    assert "the NVIDIA driver has not answered for" in machine("explain").stdout


def test_explain_knows_jobs_that_do_not_wait(machine) -> None:
    """The question is asked about any job."""
    assert machine("run", "grid.yaml", "x=1").returncode == 0
    assert "does not wait: it is done" in machine("explain").stdout


def test_doctor_says_what_is_there_and_what_is_in_the_way(machine) -> None:
    """The first thing to ask for when somebody says that it does not work."""
    machine.driver.shows(gpu_lines(1)[0], gpu_lines(2)[1] + " mode=2", "driver 550.54")
    healthy = machine("doctor", "--format", "json")
    assert healthy.returncode == 0, healthy.stdout
    found = {each["about"]: each for each in json.loads(healthy.stdout)}
    assert "version 550.54, 2 GPUs" in found["driver"]["says"]
    assert (found["GPU 1"]["state"], "prohibited" in found["GPU 1"]["says"]) == ("note", True)
    assert str(machine.claims) in found["claims"]["says"]
    machine.driver.shows("fail init 18")
    broken = machine("doctor")
    assert broken.returncode == 3
    assert "problem" in broken.stdout


def test_doctor_finds_a_claims_folder_that_cannot_be_used(machine, tmp_path) -> None:
    """A file in its place would otherwise be found out by the first job."""
    machine.environment["EXP_QUEUE_LOCK_DIR"] = str(tmp_path / "file")
    (tmp_path / "file").write_text("")
    result = machine("doctor")
    assert result.returncode == 3
    assert "is not a folder" in result.stdout
