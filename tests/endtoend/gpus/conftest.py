"""A machine with fake GPUs for the commands as a user types them: the real pynvml, real claims, real jobs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.fakes.nvml.fake_driver import FakeDriver, fake_library, gpu_lines

__all__ = ["fake_library"]

# Writes which GPU it was given, and holds a lock on a file that stands for the device: a second job there would fail.
JOB = """
import fcntl, os, sys, time
held = [open(f"device-{index}", "w") for index in os.environ["CUDA_VISIBLE_DEVICES"].split(",")]
for device in held:
    fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)
print(os.environ["CUDA_VISIBLE_DEVICES"], os.environ["CUDA_DEVICE_ORDER"], os.environ.get("OMP_NUM_THREADS"), flush=True)
time.sleep(0.3)
while os.path.exists("wait"):
    time.sleep(0.01)
"""
GRID = "command: [python, job.py, '${args}']\ngrid: {x: [1, 2, 3, 4, 5, 6]}\n"


@pytest.fixture
def machine(command_line, fake_library: Path, tmp_path: Path):
    """A command line on a machine with two idle GPUs."""
    folder = tmp_path / "driver"
    folder.mkdir()
    driver = FakeDriver(fake_library, folder)
    driver.shows(*gpu_lines(2))
    claims = tmp_path / "claims"
    claims.mkdir()
    command_line.environment.update(driver.environment, EXP_QUEUE_LOCK_DIR=str(claims))
    del command_line.environment["CUDA_VISIBLE_DEVICES"]
    command_line.write("job.py", JOB)
    command_line.write("grid.yaml", GRID)
    command_line.claims, command_line.driver = claims, driver
    yield command_line
    for process in command_line.started:  # a killed `exec` would leave its command, with our pipes, behind
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        with contextlib.suppress(ProcessLookupError):  # it leads a group of its own, with whatever is left of its command
            os.killpg(process.pid, signal.SIGKILL)
