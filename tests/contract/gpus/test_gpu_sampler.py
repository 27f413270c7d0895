"""The sampler door: silence, death and recovery of the process behind it, with a real process and the fake driver."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fake_driver import FakeDriver, gpu_lines

from scheduler.gpus.reading import Reading
from scheduler.gpus.sampler import Sampler


def first(sampler: Sampler, wanted: Callable[[Reading], object]) -> Reading:
    """The first reading that is as wanted; fails after a generous while."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        reading = sampler.read()
        if reading and wanted(reading):
            return reading
        select.select([sampler], [], [], 0.05)
    raise AssertionError(f"the last reading was {sampler.read()}")


def sampler_pids() -> set[int]:
    """Our children that sample. One that was killed may be among them until it has had the processor once more."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(c) for c in children if b"scheduler.gpus.sampler_process" in Path(f"/proc/{c}/cmdline").read_bytes()}


def test_a_change_on_the_machine_shows_in_a_later_reading(driver: FakeDriver) -> None:
    """Readings must go on, and a request must be answered."""
    driver.shows(*gpu_lines(1))
    with Sampler() as sampler:
        first(sampler, lambda r: len(r.gpus) == 1)
        driver.shows(*gpu_lines(2))
        sampler.ask()
        first(sampler, lambda r: len(r.gpus) == 2)


def test_a_hung_driver_makes_the_gpus_unknown_and_a_fresh_process_recovers(driver: FakeDriver, until) -> None:
    """Case 3: a driver that hangs must stop admissions, say so, and be tried again, without hanging us."""
    driver.shows(*gpu_lines(1))
    with Sampler(silence=1.5) as sampler:
        first(sampler, lambda r: r.gpus)
        before = sampler_pids()
        assert before
        driver.shows("hang memory", *gpu_lines(1))
        unknown = first(sampler, lambda r: r.problem)
        assert unknown.gpus == ()
        assert "has not answered" in (unknown.problem or "")
        driver.shows(*gpu_lines(1))
        first(sampler, lambda r: r.gpus and not r.problem)
        until(lambda: not before & sampler_pids())


def test_a_driver_that_hangs_from_the_start_is_unknown(driver: FakeDriver) -> None:
    """Case 3: the first reading may never come; the caller must hear that, not wait blindly."""
    driver.shows("hang init", *gpu_lines(1))
    with Sampler(silence=0.2) as sampler:
        assert "has not answered" in (first(sampler, lambda r: r.problem).problem or "")


def test_an_upgraded_driver_is_read_again_once_it_works(driver: FakeDriver) -> None:
    """Case 2: after an upgrade only a fresh process can load the new library, and it must be started by itself."""
    driver.shows("fail init 18", *gpu_lines(1))
    with Sampler() as sampler:
        assert "version mismatch" in (first(sampler, lambda r: r.problem).problem or "")
        driver.shows(*gpu_lines(1))
        assert first(sampler, lambda r: r.gpus).problem is None


def test_a_killed_sampler_makes_the_gpus_unknown_and_is_replaced(driver: FakeDriver) -> None:
    """An old reading must not be taken for the present one after its source has died."""
    driver.shows(*gpu_lines(1))
    with Sampler() as sampler:
        first(sampler, lambda r: r.gpus)
        for pid in sampler_pids():
            os.kill(pid, signal.SIGKILL)
        assert first(sampler, lambda r: r.problem).gpus == ()
        first(sampler, lambda r: r.gpus)


def test_the_sampler_ends_with_whoever_needed_it(driver: FakeDriver, until) -> None:
    """A runner that is killed must not leave a process behind that reads the GPUs for ever."""
    driver.shows(*gpu_lines(1))
    code = (
        "import os, time; from scheduler.gpus.sampler import Sampler; s = Sampler(); s.start(); "
        "print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    until(lambda: not running(child))


def running(pid: int) -> bool:
    """Whether the process exists and is more than a record of its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # gone before the file was opened, or before it was read
        return False


def test_readings_come_as_seldom_as_they_are_wanted_and_at_once_when_asked_for(driver: FakeDriver) -> None:
    """A runner that waits for nothing must not pay for a reading a second."""
    driver.shows(*gpu_lines(1))
    with Sampler() as sampler:
        sampler.every(3600.0)
        first(sampler, lambda r: len(r.gpus) == 1)
        driver.shows(*gpu_lines(2))
        sampler.ask()
        last = first(sampler, lambda r: len(r.gpus) == 2)
        # The change of pace may have brought this one, and the request is still to be answered: one more can come, however
        # late, and no third.
        heard, deadline = 0, time.monotonic() + 3.5
        while (left := deadline - time.monotonic()) > 0:
            sampler.rest(left)
            now = sampler.read()
            heard, last = heard + (now != last), now or last
        assert heard <= 1
        driver.shows(*gpu_lines(3))
        sampler.ask()
        first(sampler, lambda r: len(r.gpus) == 3)


def test_a_sampler_that_finds_no_room_for_its_process_says_so_and_tries_again(driver: FakeDriver) -> None:
    """Too many open files, or processes: the command ended in a traceback. The GPUs are unknown meanwhile, never absent."""
    driver.shows(*gpu_lines(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.closing(Sampler()) as sampler:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            sampler.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        reading = sampler.read()
        assert reading
        assert reading.available, "it was taken for a machine without GPUs"
        assert "may open no more files" in sampler.hindrance
        assert sampler.hindrance in (reading.problem or "")
        first(sampler, lambda r: r.gpus)
        assert not sampler.hindrance
