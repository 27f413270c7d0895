"""What a real launcher writes down about the processes of a job."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from scheduler.attempt_files import SYSTEM
from scheduler.home import Home
from scheduler.launcher.client import Slot, open_slot
from tests.contract.launcher.launching import end_of, order, python

# Each computes until the test has seen enough. The grandchild is an orphan in a session of its own.
BURN = """
import os, sys, time
held = bytearray(64 << 20)
if sys.argv[1:] == ["alone"]:
    pass
elif os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    while not os.path.exists("enough"):
        pass
    os._exit(0)
while not os.path.exists("enough"):
    time.sleep(0.01)
"""
# Puts a folder where the log is, or would be, takes it away after a while, and waits for the log.
IN_THE_WAY = """
import contextlib, os, sys, time
while not os.path.isdir(sys.argv[1]):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(sys.argv[1])
    with contextlib.suppress(FileExistsError):
        os.mkdir(sys.argv[1])
time.sleep(1)
os.rmdir(sys.argv[1])
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""
WAIT = "import os, time\nwhile not os.path.exists('enough'): time.sleep(0.01)"


def rows(tmp_path: Path) -> list[dict]:
    path = tmp_path / "attempt" / SYSTEM
    whole = path.read_text().split("\n")[:-1] if path.exists() else []  # the last may be seen half
    return [json.loads(line) for line in whole]


def test_what_a_grandchild_computes_is_the_jobs(slot: Slot, tmp_path: Path, until) -> None:
    """Data workers do the work of a training; their parent sleeps. A daemon has left its parent and is below the launcher."""
    slot.start(order(tmp_path, python(BURN), system=0.1), [])
    # By what was used in all: how much of a core the grandchild gets is the machine's affair.
    until(lambda: any(row["cpu.use"] > 0.05 and row["processes"] >= 2 for row in rows(tmp_path)[2:]))
    until(lambda: any(row["memory.rss"] > 60 for row in rows(tmp_path)))
    until(lambda: any("memory.used" in row for row in rows(tmp_path)))
    (tmp_path / "enough").touch()
    assert end_of(slot)["state"] == "done"


def test_the_rows_go_on_without_the_runner_and_end_with_the_job(home: Home, tmp_path: Path, until) -> None:
    """A killed runner ends no job, and so must not end what is known of it; what is written later would be somebody else's."""
    slot = open_slot(home)
    try:
        slot.start(order(tmp_path, python(WAIT), system=0.1), [])
        until(lambda: rows(tmp_path))
        slot.close()  # all that a launcher hears of a runner's death
        before = len(rows(tmp_path))
        until(lambda: len(rows(tmp_path)) > before + 1)
    finally:
        (tmp_path / "enough").touch()
    slot.process.wait(90)  # it ends with its last job
    assert all(row["processes"] for row in rows(tmp_path))


def test_a_job_that_is_over_before_the_first_row_has_no_file(slot: Slot, tmp_path: Path) -> None:
    """A thousand jobs that do nothing must cost what they cost before."""
    slot.start(order(tmp_path, ["true"], system=600.0), [])
    assert end_of(slot)["state"] == "done"
    assert not (tmp_path / "attempt" / SYSTEM).exists()


def test_nothing_is_written_down_where_somebody_has_switched_it_off(slot: Slot, tmp_path: Path) -> None:
    """Zero is no interval but the wish for silence, and must not become a row at every turn of the loop."""
    slot.start(order(tmp_path, ["sleep", "0.3"], system=0.0), [])
    assert end_of(slot)["state"] == "done"
    assert not (tmp_path / "attempt" / SYSTEM).exists()


def test_only_its_user_can_read_the_file(slot: Slot, tmp_path: Path, until) -> None:
    """When somebody trains is nobody else's affair."""
    slot.start(order(tmp_path, python(WAIT), system=0.1), [])
    until(lambda: rows(tmp_path))
    assert stat.S_IMODE((tmp_path / "attempt" / SYSTEM).stat().st_mode) == 0o600
    (tmp_path / "enough").touch()
    end_of(slot)


def test_a_file_that_has_no_room_costs_the_job_nothing(slot: Slot, tmp_path: Path) -> None:
    """Its rows are for looking at: the job does not end, and its launcher does not, where none can be written."""
    slot.start(order(tmp_path, python(IN_THE_WAY, str(tmp_path / "attempt" / SYSTEM)), system=0.1), [])
    assert end_of(slot)["state"] == "done"
