"""A driver that hangs from the start: every command says after a moment what it waits for, and keeps its own limits."""

from __future__ import annotations

import subprocess

import pytest

from tests.fakes.nvml.fake_driver import gpu_lines

ONE = "command: ['true', '${args}']\ngrid: {x: [1]}\n"


@pytest.fixture
def silent(machine):
    """A machine whose driver does not return from its initialisation."""
    machine.driver.shows("hang init", *gpu_lines(1))
    machine.write("one.yaml", ONE)
    return machine


def answers_once_asked(machine, process: subprocess.Popen[str]) -> tuple[str, str]:
    """Let the driver answer once the command has said that it does not; what it wrote then."""
    for line in iter(process.stderr.readline, ""):
        if "it may be slow to start, or hang" in line:
            break
    else:
        raise AssertionError("it never said what it waits for")
    machine.driver.shows(*gpu_lines(1))
    return process.communicate(timeout=100)


def test_a_wait_for_a_gpu_runs_out_in_its_own_time(silent) -> None:
    """A script that gives it a second must not wait for a minute, nor take a hung driver for an error of exp-queue."""
    result = silent("exec", "--wait", "1", "--", "true")
    assert result.returncode == 124
    assert "no GPU within 1 s: the NVIDIA driver has not answered for" in result.stderr


def test_a_single_look_waits_for_a_driver_that_is_slow_to_start(silent) -> None:
    """Without its persistence daemon a driver takes seconds; `--wait 0` would never get a GPU there."""
    process = silent.start("exec", "--wait", "0", "--", "echo", "ran")
    assert answers_once_asked(silent, process)[0] == "ran\n"
    assert process.returncode == 0


@pytest.mark.parametrize(
    "command", [("gpus",), ("doctor",), ("explain",), ("run", "one.yaml"), ("work",), ("exec", "--", "true")], ids=lambda c: c[0]
)
def test_every_command_says_that_it_waits_for_the_driver_and_goes_on_when_it_answers(silent, command: tuple[str, ...]) -> None:
    """Nothing on the screen for a minute looks like a defect of ours."""
    assert silent("submit", "one.yaml").returncode == 0
    process = silent.start(*command)
    answers_once_asked(silent, process)
    assert process.returncode == 0


def test_a_watch_of_the_gpus_outlasts_a_slow_start(silent) -> None:
    """A driver that takes long is no failure yet."""
    watching = silent.start("gpus", "--watch", "--format", "json")
    for line in iter(watching.stderr.readline, ""):
        if "it may be slow to start, or hang" in line:
            break
    silent.driver.shows(*gpu_lines(1))
    assert '"index": 0' in watching.stdout.readline()
