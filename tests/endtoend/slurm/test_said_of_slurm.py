"""What this machine says of queued jobs that a run sends to Slurm."""

from __future__ import annotations

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import grid
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
