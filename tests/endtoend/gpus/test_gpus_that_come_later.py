"""A runner that lives for long uses what the machine has by then: GPUs, and drivers, that come after it has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.gpus.claims import live_claims
from scheduler.gpus.driver import surely_no_driver
from tests.endtoend.gpus.test_gpu_cases import heard
from tests.fakes.nvml.fake_driver import gpu_lines

WAITING = "command: [sh, -c, 'echo on $CUDA_VISIBLE_DEVICES; while [ ! -e go ]; do sleep 0.05; done', '${args}']\n"


@pytest.fixture
def later(machine):
    machine.write("three.yaml", WAITING + "grid: {x: [1, 2, 3]}\n")
    machine.write("one.yaml", WAITING + "grid: {x: [9]}\n")
    return machine


def outputs(machine) -> list[str]:
    return [Path(job["log"]).read_text().strip() for job in machine.jobs()]


def test_the_number_of_slots_follows_the_gpus(later, until) -> None:
    """Fixed at the start, it left three of four GPUs idle for as long as the runner lived."""
    later.driver.shows(gpu_lines(1)[0])
    runner = later.start("work", "--forever")
    heard(runner, "at most 1 at once; 1 GPU (Fake)")
    later.driver.shows(*gpu_lines(4))
    heard(runner, "now at most 4 at once; 4 GPUs (Fake)")
    assert later("submit", "three.yaml").returncode == 0
    until(lambda: len(live_claims(later.claims)) == 3)
    lost = gpu_lines(4)
    later.driver.shows(*lost[:3], lost[3] + " error=15")
    heard(runner, "now at most 3 at once; 3 GPUs (Fake)")
    later.write("go", "")


def test_a_job_that_could_never_run_starts_when_its_gpus_come(later, until) -> None:
    """It was left out for the GPUs that were not there; nothing else than their coming may be needed to take it in again."""
    later.driver.shows(gpu_lines(1)[0])
    later.write("two.yaml", WAITING + "grid: {x: [7]}\nresources: {gpus: 2}\n")
    assert later("submit", "two.yaml").returncode == 0
    runner = later.start("work", "--forever")
    heard(runner, "can never run here")
    later.driver.shows(*gpu_lines(2))
    heard(runner, "now at most 2 at once; 2 GPUs (Fake)")
    later.write("go", "")
    until(lambda: later.states() == ["done"])


def test_a_number_that_a_person_has_set_stays(later, until) -> None:
    """-j 1 is a promise."""
    later.driver.shows(gpu_lines(1)[0])
    runner = later.start("work", "--forever", "-j1")
    heard(runner, "at most 1 at once")
    later.driver.shows(*gpu_lines(4))
    heard(runner, "now at most 1 at once; 4 GPUs (Fake)")
    assert later("submit", "three.yaml").returncode == 0
    until(lambda: len(live_claims(later.claims)) == 1)
    later.write("go", "")
    until(lambda: later.states() == ["done"] * 3)


def test_a_driver_that_fails_at_first_gives_its_gpus_when_it_works(later, until) -> None:
    """At boot the runner may be quicker than the driver: unknown GPUs meant one job at a time for ever."""
    later.driver.shows("fail init 9")
    assert later("submit", "three.yaml").returncode == 0
    runner = later.start("work")
    heard(runner, "at most 1 at once; the GPUs are unknown")
    later.driver.shows(*gpu_lines(3))
    heard(runner, "now at most 3 at once; 3 GPUs (Fake)")
    until(lambda: len(live_claims(later.claims)) == 3)
    later.write("go", "")
    runner.communicate(timeout=60)
    assert runner.returncode == 0


@pytest.mark.skipif(not surely_no_driver({}), reason="this machine has an NVIDIA driver")
def test_a_driver_that_comes_later_is_used_and_what_runs_on_the_cpu_goes_on(later, until, tmp_path) -> None:
    """Begun before the driver, the runner would have computed on the CPU until somebody restarted it."""
    library, empty = Path(later.environment["LD_LIBRARY_PATH"]), tmp_path / "lib"
    empty.mkdir()
    later.environment["LD_LIBRARY_PATH"] = str(empty)
    assert later("submit", "one.yaml").returncode == 0
    runner = later.start("work", "--forever")
    heard(runner, "no NVIDIA driver")
    until(lambda: later.states() == ["running"])
    (empty / "libnvidia-ml.so.1").symlink_to(library / "libnvidia-ml.so.1")
    heard(runner, "now at most 2 at once; 2 GPUs (Fake)")
    assert later("submit", "three.yaml").returncode == 0
    until(lambda: len(live_claims(later.claims)) == 1)
    until(lambda: later.states().count("running") == 2)
    later.write("go", "")
    until(lambda: later.states() == ["done"] * 4)
    on_the_cpu, *on_gpus = outputs(later)
    assert on_the_cpu == "on -1"
    assert set(on_gpus) <= {"on 0", "on 1"}


@pytest.mark.skipif(not surely_no_driver({}), reason="this machine has an NVIDIA driver")
def test_a_driver_that_comes_and_does_not_work_stops_nothing(later, until, tmp_path) -> None:
    """Somebody installs one on a machine that computes on the CPU, and it needs a restart: the queue goes on meanwhile."""
    library, empty = Path(later.environment["LD_LIBRARY_PATH"]), tmp_path / "lib"
    empty.mkdir()
    later.environment["LD_LIBRARY_PATH"] = str(empty)
    later.driver.shows("fail init 9")
    later.write("go", "")
    runner = later.start("work", "--forever", "-j1")
    heard(runner, "no NVIDIA driver")
    (empty / "libnvidia-ml.so.1").symlink_to(library / "libnvidia-ml.so.1")
    assert later("submit", "three.yaml").returncode == 0
    until(lambda: later.states() == ["done"] * 3)
    assert outputs(later) == ["on -1"] * 3
    runner.kill()
