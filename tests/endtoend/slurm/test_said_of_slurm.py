"""What this machine says of queued jobs that a run sends to Slurm."""

from __future__ import annotations

import json
import signal
import time

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import grid, rows, shown
from tests.endtoend.slurm.test_stops_on_slurm import submit_two
from tests.waiting import until


def test_what_a_run_sends_to_slurm_is_not_judged_by_this_machine(line: CommandLine) -> None:
    """A job after another that runs there: the first waits for that, and then goes to Slurm, though this machine has no GPU."""
    first = line.start("run", grid(line, "[0]", ", stay: [true]"), "--on", "slurm", "--plain")
    until(lambda: line.jobs() and line.jobs()[0]["state"] == "running")
    job = line.jobs()[0]["id"][:8]
    assert f"job {job} does not wait: it is running on a node of Slurm's" in line("explain", job).stdout
    second = line.start("run", grid(line, "[1]"), "--after", job, "--on", "slurm", "--plain")
    until(lambda: len(line.jobs()) == 2 and line.jobs()[1]["goes_to"])
    (went,) = line.jobs()[1]["goes_to"]
    assert (went["on"], went["under_way"], went["note"][:18]) == ("slurm", {"running": 1}, "Slurm starts them,")
    why = line("explain", line.jobs()[1]["id"][:8]).stdout
    assert f"waits: after {job}, which is running; then it goes to Slurm: " in why
    (line.directory / "go").touch()
    assert [each.wait(100) for each in (first, second)] == [0, 0]


def test_what_waits_in_slurm_has_not_run_yet(line: CommandLine) -> None:
    """Its time was counted from when it was given to Slurm, and so was all that is reckoned from that: how long it still takes,
    where it stands in a timeline."""
    running = submit_two(line)
    runs, waits = line.jobs()
    assert (runs["duration"] is None, waits["duration"]) == (False, None)
    assert (runs["started"] is None, waits["started"]) == (False, None)
    seen = json.loads(line("watch", "--once", "--format", "json").stdout)
    assert [each["seconds"] is None for each in seen["running"]] == [False, True]
    before = time.time()
    (line.directory / "go").touch()
    assert running.wait(100) == 0
    first, second = (shown(line, each["id"])["attempts"][0] for each in (runs, waits))
    assert first["started"] < before < second["started"] <= second["ended"]


def test_a_number_in_an_array_is_told_as_no_slot(line: CommandLine) -> None:
    """Nothing there has that number: the job has another node, and may have it alone."""
    assert line("run", grid(line, "[0, 1]"), "--on", "slurm").returncode == 0
    for each in line.jobs():
        assert shown(line, each["id"])["attempts"][0]["slot"] is None
        assert "slot" not in rows(line, each["id"])["attempt 1"]


def test_a_ctrl_c_says_that_what_waits_in_slurm_goes_back(line: CommandLine) -> None:
    """It waits for one of two; and who reads that it waits for two thinks that the second begins as well."""
    running = submit_two(line, "--plain")
    running.send_signal(signal.SIGINT)
    until(lambda: line.states() == ["running", "queued"])
    (line.directory / "go").touch()
    _, said = running.communicate(timeout=100)
    assert "waiting for 1 job to finish (1 that has not begun goes back into the queue)." in said
