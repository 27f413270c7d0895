"""A disk that is really full: the state directory on a file system of one MiB, where this user may mount one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.small_disk import fill, make_room, small_disk

SCRIPT = "echo $1 >> ledger; while [ -e wait ]; do sleep 0.01; done; exit 7"
GRID = f"command: [sh, -c, '{SCRIPT}', sh, '${{args_no_hyphens}}']\ngrid: {{x: [1, 2, 3]}}\n"


@pytest.fixture
def small(command_line) -> Iterator:
    """A command line whose state directory has room for one MiB."""
    command_line.home.mkdir(mode=0o700)
    command_line.environment["CUDA_VISIBLE_DEVICES"] = "-1"
    command_line.write("grid.yaml", GRID)
    with small_disk(command_line.home):
        yield command_line
        (command_line.directory / "wait").unlink(missing_ok=True)
        make_room(command_line.home)
        command_line("cancel", "queued", "starting", "running", "stopping")
        for process in command_line.started:
            process.kill()
            process.wait()


def test_a_disk_that_is_full_when_a_job_ends_costs_neither_its_status_nor_the_queue(small, until) -> None:
    """It fills up while a job runs; the job ends; nothing more starts; with room again everything is done, each job once."""
    small.write("wait", "")
    runner = small.start("run", "grid.yaml", "-j1")
    until(lambda: small.noted() == ["x=1"] and small.jobs("running"))
    fill(small.home)
    (small.directory / "wait").unlink()
    until(lambda: "full" in runner.stderr.readline())
    make_room(small.home)
    assert runner.wait(60) == 1
    assert small.noted() == ["x=1", "x=2", "x=3"]
    assert [(job["state"], job["exit_status"], job["attempt"]) for job in small.jobs()] == [("failed", 7, 1)] * 3


@pytest.mark.parametrize("command", [["status"], ["show", "last"], ["logs", "last"], ["compare"]], ids=" ".join)
def test_a_queue_on_a_full_disk_can_still_be_looked_at(small, until, command: list[str]) -> None:
    """That is when somebody wants to see what runs. What has ended meanwhile stands as it was, and that is said."""
    small.write("wait", "")
    runner = small.start("run", "grid.yaml", "-j1", "x=1")
    until(lambda: small.noted() == ["x=1"] and small.jobs("running"))
    fill(small.home)
    (small.directory / "wait").unlink()
    until(lambda: "full" in runner.stderr.readline())
    seen = small(*command)
    assert seen.returncode == 0, seen.stderr
    assert "shown as it was last written down" in seen.stderr
    assert "is on a disk that is full" in seen.stderr
    assert "running" in seen.stdout or command[0] == "logs"


def test_a_queue_on_a_full_disk_refuses_a_submit_with_a_way_out_and_is_not_harmed(small) -> None:
    """What was not acknowledged is not there; what was is."""
    assert small("submit", "grid.yaml").returncode == 0
    small.write("more.yaml", GRID.replace("[1, 2, 3]", str(list(range(4, 3000)))))
    fill(small.home)
    refused = small("submit", "more.yaml")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    assert "free space" in refused.stderr
    assert "is on a disk that is full" in refused.stderr
    assert "rollback" not in refused.stderr
    make_room(small.home)
    assert small.states() == ["queued"] * 3


LOOKS = (
    ("status",),
    ("show", "1"),
    ("logs", "1"),
    ("compare",),
    ("explain", "1"),
    ("watch", "--once"),
    ("export",),
    ("sweeps",),
)


def looked(line) -> dict[tuple[str, ...], str]:
    """What each command that only looks prints; each is to say in one line what is the matter, and nothing else."""
    found = {}
    for words in LOOKS:
        done = line(*words)
        assert done.returncode == 0, (words, done.stderr)
        (said,) = [each for each in done.stderr.splitlines() if "full" in each]
        assert "is on a disk that is full" in said
        assert "is shown as it was last written down" in said
        found[words] = done.stdout
    return found


def test_a_queue_on_a_full_disk_can_be_looked_at_though_an_end_cannot_be_written_down(small, until) -> None:
    """Who looks in the morning sees which jobs there are; what changes something is refused."""
    small.write("wait", "")
    runner = small.start("run", "grid.yaml", "-j1")
    until(lambda: small.noted() == ["x=1"] and small.jobs("running"))
    fill(small.home)
    (small.directory / "wait").unlink()
    until(lambda: "full" in runner.stderr.readline())
    assert "running" in looked(small)["status",]
    refused = small("cancel", "queued")
    assert (refused.returncode != 0, "free space" in refused.stderr) == (True, True)
    make_room(small.home)
    assert runner.wait(60) == 1
    assert small.states() == ["failed"] * 3


def test_a_queue_that_nobody_has_open_can_be_looked_at_on_a_full_disk(small) -> None:
    """SQLite has no room for the files that it makes beside the queue's; once there is room all is as ever."""
    assert small("run", "grid.yaml", "-j1").returncode == 1
    whole = small("status").stdout
    fill(small.home)
    found = looked(small)
    assert found["status",] == whole
    assert "failed: exit status 7" in found["show", "1"]
    refused = small("submit", "grid.yaml", "x=4")
    assert (refused.returncode != 0, "is on a disk that is full" in refused.stderr) == (True, True)
    make_room(small.home)
    assert small("submit", "grid.yaml", "x=4").returncode == 0
    assert small.states() == ["failed"] * 3 + ["queued"]


@pytest.mark.parametrize("left", [0, 1, 8])
def test_an_end_that_finds_no_room_in_the_journal_is_written_down_when_there_is_some(small, until, left: int) -> None:
    """The journal's block is full at the same moment as the disk: the exit status must not be lost with it."""
    small.write("wait", "")
    runner = small.start("run", "grid.yaml", "-j1", "x=1")
    until(lambda: small.noted() == ["x=1"] and small.jobs("running"))
    (journal,) = (small.home / "launchers").glob("*.journal")
    with journal.open("a") as file:
        file.write("#" * (4096 - left - 1 - journal.stat().st_size) + "\n")
    fill(small.home)
    (small.directory / "wait").unlink()
    until(lambda: "full" in runner.stderr.readline())
    make_room(small.home)
    assert runner.wait(60) == 1
    assert [(job["state"], job["exit_status"], job["attempt"]) for job in small.jobs()] == [("failed", 7, 1)]
