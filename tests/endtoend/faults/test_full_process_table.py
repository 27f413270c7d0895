"""A table of processes that is really full: a control group with a limit, where this user may make one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

GRID = "command: [sh, -c, 'echo $1 >> ledger', sh, '${args_no_hyphens}']\ngrid: {x: [1, 2, 3]}\npolicy: {retries: 1}\n"


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group whose `pids.max` counts; the test is skipped where this user may not make one."""
    for root in (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup")):
        place = root / f"exp-queue-test-{os.getpid()}"
        try:
            place.mkdir()
        except OSError:
            continue
        if (place / "pids.max").exists() and os.access(place / "pids.max", os.W_OK):
            break
        place.rmdir()
    else:
        pytest.skip("this user may not make a control group that limits processes")
    yield place
    deadline = time.monotonic() + 100
    while (place / "cgroup.procs").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    place.rmdir()


SWEEP = "command: [sh, -c, 'echo $1 >> ledger', sh, '${args_no_hyphens}']\nmethod: grid\nparameters: {x: {values: [1, 2, 3]}}\n"


@pytest.mark.parametrize(
    ("most", "words"),
    [
        pytest.param(1, "no more processes can be started", id="no launcher"),
        pytest.param(2, "cannot start 'sh': no more processes can be started", id="no job"),
    ],
)
def test_a_run_waits_for_a_free_process_and_spends_no_attempt(command_line, group: Path, most: int, words: str) -> None:
    """Eight of eight jobs failed in 0.0 s with all their retries, or the run ended in a traceback."""
    command_line.write("grid.yaml", GRID)
    (group / "pids.max").write_text("max")
    inside = command_line.write("inside.sh", f'echo $$ > {group}/cgroup.procs; echo {most} > {group}/pids.max; exec "$@"')
    runner = command_line.start("run", "grid.yaml", "-j1", through=("sh", inside))
    assert words in next(line for line in runner.stderr if "nothing is started for now" in line)
    assert not (command_line.directory / "ledger").exists()
    (group / "pids.max").write_text("max")
    assert runner.wait(100) == 0, runner.stderr.read()
    assert (command_line.directory / "ledger").read_text().split() == ["x=1", "x=2", "x=3"]
    assert [(job["state"], job["attempt"]) for job in command_line.jobs()] == [("done", 1)] * 3


def test_a_sweep_waits_for_a_free_process_for_its_search_too(command_line, group: Path) -> None:
    """Its search has a thread of its own, and the sweep ended in "can't start new thread"."""
    command_line.write("sweep.yaml", SWEEP)
    (group / "pids.max").write_text("max")
    inside = command_line.write("inside.sh", f'echo $$ > {group}/cgroup.procs; echo 1 > {group}/pids.max; exec "$@"')
    runner = command_line.start("sweep", "-j1", through=("sh", inside))
    line = next(line for line in runner.stderr if "nothing is started for now" in line)
    assert "no more processes can be started" in line
    (group / "pids.max").write_text("max")
    assert runner.wait(100) == 0, runner.stderr.read()
    assert (command_line.directory / "ledger").read_text().split() == ["x=1", "x=2", "x=3"]
