"""Readings through the sampler process and the real binding, from the fake driver. Case numbers: the room's list of
cases."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_driver import FakeDriver, gpu_lines

from scheduler.gpus.driver import surely_no_driver
from scheduler.gpus.reading import Reading
from scheduler.gpus.sampler import read_once

A = "gpu GPU-a 00000000:10:00.0 Fake_A 24000 reserved=300"


@pytest.fixture
def resident() -> Iterator[int]:
    """The pid of a real process of ours that holds no claim."""
    child = subprocess.Popen(["sleep", "600"])
    yield child.pid
    child.kill()
    child.wait()


def reading(driver: FakeDriver, *lines: str) -> Reading:
    driver.shows(*lines)
    return read_once(timeout=90)


def test_a_machine_without_the_library_has_no_gpus_and_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 1: most laptops and CI machines; they must just use the CPU."""
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    if not surely_no_driver():
        pytest.skip("this machine has an NVIDIA driver")
    found = read_once()
    assert (found.gpus, found.available, found.problem) == ((), False, None)


def test_a_gpu_shows_its_figures(driver: FakeDriver) -> None:
    """The figures people see and decisions use must be the driver's, in our units."""
    (gpu,) = reading(driver, A + " used=5000 util=37 temp=61 power=250").gpus
    assert (gpu.uuid, gpu.index, gpu.name, gpu.total, gpu.reserved, gpu.used) == ("GPU-a", 0, "Fake_A", 24000, 300, 5000)
    assert (gpu.utilization, gpu.temperature, gpu.power, gpu.compute_mode) == (37, 61, 250.0, "default")


def test_a_gpu_tells_its_clock_why_that_is_low_and_what_it_has_used(driver: FakeDriver) -> None:
    """A clock that somebody has set, or of a GPU that idles, is low for no trouble of the job's."""
    (gpu,) = reading(driver, A + f" clock=1980 energy=5000500 throttle={0x1 | 0x2 | 0x4 | 0x40}").gpus
    assert (gpu.clock, gpu.throttled, gpu.energy) == (1980, ("power cap", "heat (hardware)"), 5000.5)


@pytest.mark.parametrize("call", ["power", "energy", "clock", "throttle"])
def test_a_figure_that_a_driver_does_not_tell_is_none_and_the_gpu_stays_usable(driver: FakeDriver, call: str) -> None:
    """Whether nobody has built it or it fails for no known reason: what only people look at keeps no job from its GPU."""
    field = {"throttle": "throttled"}.get(call, call)
    for code in (3, 13, 999):
        (gpu,) = reading(driver, A + " power=100 energy=7000", f"fail {call} {code}").gpus
        assert (getattr(gpu, field), gpu.problem) == (None, None)
    assert reading(driver, A + " nopower").gpus[0].power is None
    assert reading(driver, A).gpus[0].energy is None


@pytest.mark.parametrize(("line", "words"), [("fail init 9", "Driver Not Loaded"), ("fail init 18", "version mismatch")])
def test_a_library_without_a_working_driver_is_a_problem_and_never_gpu_0(driver: FakeDriver, line: str, words: str) -> None:
    """Case 2: after a driver upgrade, guessing "GPU 0" or "CPU" would both be wrong."""
    found = reading(driver, line, A)
    assert found.gpus == ()
    assert found.available
    assert words in (found.problem or "")


def test_a_library_that_fails_later_is_a_problem(driver: FakeDriver) -> None:
    """Case 2: a driver can go away after a good start."""
    assert "GPU is lost" in (reading(driver, "fail count 15", A).problem or "")


def test_one_lost_gpu_leaves_the_others(driver: FakeDriver) -> None:
    """Case 4: one GPU off the bus must not stop a machine of eight."""
    lost, fine = reading(driver, A + " error=15", "gpu GPU-b 00000000:20:00.0 Fake_B 24000").gpus
    assert fine.problem is None
    assert "GPU is lost" in (lost.problem or "")
    assert fine.visible == "GPU-b", "with one lost, CUDA's numbers are not certain"


def test_a_lost_gpu_keeps_its_number_and_name(driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is started afterwards has never seen it; and the numbers of the others must not move up."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path))
    lines = gpu_lines(3)
    lost = [lines[0], f"{lines[1]} error=15", lines[2]]
    assert [(g.index, g.name) for g in reading(driver, *lost).gpus] == [(0, "Fake"), (1, ""), (2, "Fake")]
    reading(driver, *lines)
    found = reading(driver, *lost).gpus[1]
    assert (found.index, found.name, found.uuid) == (1, "Fake", "GPU-1")


def test_what_was_kept_of_gpus_that_are_others_now_is_not_believed(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that was loaded anew may count otherwise; two GPUs of one UUID there never are. Nor what another boot has seen."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path))
    lines = gpu_lines(3)
    reading(driver, *lines)
    found = reading(driver, f"{lines[0]} error=15", lines[0], lines[1]).gpus
    assert sorted(g.uuid for g in found) == ["", "GPU-0", "GPU-1"]
    kept = tmp_path / "gpus.json"
    kept.write_text(kept.read_text().replace('"boot": "', '"boot": "x'))
    assert reading(driver, f"{lines[0]} error=15").gpus[0].uuid == ""
    kept.write_text("[]")
    assert reading(driver, f"{lines[0]} error=15").gpus[0].uuid == ""


@pytest.mark.parametrize(("code", "lasting"), [(15, True), (16, True), (999, True), (10, False)])
def test_a_gpu_that_needs_a_reset_is_told_from_one_that_only_stumbles(driver: FakeDriver, code: int, lasting: bool) -> None:
    """Lost, to be reset, off the bus: nobody should be kept waiting for it. A call that timed out says nothing of the next."""
    failing = reading(driver, f"{A} error={code}").gpus[0]
    assert failing.problem
    assert failing.lasting is lasting
    assert ("only after a reset" in failing.problem) is lasting
    assert not reading(driver, A).gpus[0].lasting, "it was reset"


def test_a_call_that_fails_for_no_known_reason_is_no_lost_gpu(driver: FakeDriver) -> None:
    """The same code means a lost GPU only where the driver cannot even name the device."""
    assert not reading(driver, "fail memory 999", A).gpus[0].lasting


def test_a_device_without_a_memory_figure_has_none(driver: FakeDriver) -> None:
    """Case 5: unified-memory machines report none; inventing a zero would admit anything."""
    (gpu,) = reading(driver, A + " nomemory").gpus
    assert (gpu.total, gpu.used, gpu.capacity) == (None, None, None)


def test_a_process_whose_memory_is_not_told_has_none(driver: FakeDriver, resident: int) -> None:
    """Case 6: containers and WSL do not tell; 2**64 - 1 bytes must not be taken for a figure."""
    (gpu,) = reading(driver, A, f"process GPU-a {resident} none C").gpus
    assert [(p.pid, p.memory) for p in gpu.processes] == [(resident, None)]


def test_garbled_process_records_are_dropped(driver: FakeDriver, resident: int) -> None:
    """Case 7: mismatched versions of the library give pid 0 and absurd sizes."""
    lines = (A, "process GPU-a 0 100 C", "process GPU-a 77 99999999 C", f"process GPU-a {resident} 500 C")
    (gpu,) = reading(driver, *lines).gpus
    assert [p.pid for p in gpu.processes] == [resident]


def test_a_process_list_that_grows_between_the_two_calls_is_asked_again(driver: FakeDriver, resident: int) -> None:
    """Case 7: jobs start at any moment, also between our two questions."""
    (gpu,) = reading(driver, "short 3", A, f"process GPU-a {resident} 500 C").gpus
    assert [p.memory for p in gpu.processes] == [500]


def test_graphics_and_compute_are_told_apart(driver: FakeDriver, resident: int) -> None:
    """Case 9: a desktop must not block a GPU; a process that also computes is a computing one."""
    parent = os.getpid()
    lines = (A, f"process GPU-a {parent} 90 G", f"process GPU-a {resident} 90 G", f"process GPU-a {resident} 90 C")
    (gpu,) = reading(driver, *lines).gpus
    assert {p.pid: p.compute for p in gpu.processes} == {parent: False, resident: True}


def test_an_old_driver_is_read_through_its_older_calls(driver: FakeDriver, resident: int) -> None:
    """Drivers before R510 are still in use; they count reserved memory as used."""
    (gpu,) = reading(driver, "old", A + " used=100", f"process GPU-a {resident} 70 C").gpus
    assert (gpu.reserved, gpu.used, gpu.processes[0].memory) == (0, 400, 70)


@pytest.mark.parametrize(("mode", "name"), [(2, "prohibited"), (3, "exclusive-process")])
def test_compute_modes_are_told(driver: FakeDriver, mode: int, name: str) -> None:
    """Case 15: an administrator's mode decides who may start there at all."""
    assert reading(driver, f"{A} mode={mode}").gpus[0].compute_mode == name


def test_mig_instances_stand_beside_their_parent(driver: FakeDriver) -> None:
    """Case 16: with MIG on, jobs go to instances by UUID, never to the parent."""
    parent, one, two = reading(driver, A + " mig", "mig GPU-a MIG-1 5000", "mig GPU-a MIG-2 5000 used=7").gpus
    assert parent.problem
    assert [(g.visible, g.total, g.parent) for g in (one, two)] == [("MIG-1", 5000, "GPU-a"), ("MIG-2", 5000, "GPU-a")]


def test_gpus_are_numbered_by_bus_id_whatever_the_drivers_order(driver: FakeDriver) -> None:
    """Case 26: NVML's order changes over reboots; CUDA under PCI_BUS_ID counts by bus."""
    found = reading(driver, "gpu GPU-x 00000000:C1:00.0 F 9000", "gpu GPU-y 00000000:0A:00.0 F 9000")
    assert [(g.index, g.uuid) for g in found.gpus] == [(0, "GPU-y"), (1, "GPU-x")]


def test_a_users_own_modules_in_the_working_folder_are_not_imported(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People have a scheduler.py and a pynvml.py of their own; ours must not run their code."""
    for name in ("scheduler.py", "pynvml.py", "json.py", "select.py"):
        (tmp_path / name).write_text("raise SystemExit('a file of the user was imported')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert len(reading(driver, *gpu_lines(2)).gpus) == 2


def test_the_runner_itself_never_loads_the_binding(driver: FakeDriver) -> None:
    """A process that has the driver's library loaded must not fork jobs, and a hung driver must not hang it."""
    driver.shows(*gpu_lines(1))
    code = (
        "import sys; from scheduler.gpus.sampler import read_once; from scheduler.gpus import lone, waiting; "
        "print(len(read_once().gpus), 'pynvml' in sys.modules, 'libnvidia-ml' in open('/proc/self/maps').read())"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["1", "False", "False"]
