"""`backup` and `restore` as they are typed."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.small_disk import fill, small_disk

TWO = "command: [sh, -c, 'echo here', '${args}']\ngrid: {x: [1, 2]}\n"


@pytest.fixture
def line(command_line: CommandLine) -> CommandLine:
    command_line.write("two.yaml", TWO)
    assert command_line("submit", "two.yaml").returncode == 0
    return command_line


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part" in path.name]


def test_a_queue_comes_back_and_its_jobs_run_beside_what_ran_before(line: CommandLine) -> None:
    """The whole way: copy, go on, go back, go on. No attempt is spoiled by one that the copy does not know."""
    (copied,) = json.loads(line("backup", "copy.db", "--format", "json").stdout)
    assert (copied["file"], copied["jobs"]) == (str(line.directory / "copy.db"), {"queued": 2})
    assert line("run", "two.yaml").returncode == 0
    result = line("restore", "copy.db", "--format", "json")
    assert result.returncode == 0, result.stderr
    (restored,) = json.loads(result.stdout)
    assert (restored["jobs"], len(restored["lost"])) == ({"lost": 2}, 2)
    assert Path(restored["kept"]).is_file()
    assert "2 jobs had begun or were to begin" in result.stderr
    again = line("run", "two.yaml", "--lost")
    assert again.returncode == 0, again.stderr
    assert [(job["state"], job["attempt"]) for job in line.jobs()] == [("done", 2), ("done", 2)]


def test_a_backup_while_a_job_runs_and_no_restore_until_it_is_over(command_line: CommandLine, until) -> None:
    """What runs would write its end into a queue that nobody reads any more."""
    command_line.write("long.yaml", "command: [sh, -c, 'exec sleep 600', '${args}']\ngrid: {x: [1]}\n")
    runner = command_line.start("run", "long.yaml")
    until(lambda: command_line.jobs("running"))
    assert command_line("backup", "copy.db").returncode == 0
    result = command_line("restore", "copy.db")
    assert result.returncode == 2
    assert "jobs still run" in result.stderr
    assert "cancel running" in result.stderr
    command_line("cancel", "running")
    runner.wait(90)
    result = command_line("restore", "copy.db")
    assert result.returncode == 0, result.stderr
    assert command_line.states() in (["lost"], ["cancelled"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["backup"], "Missing argument"),
        (["backup", "two.yaml"], "two.yaml is there already"),
        (["backup", "no/such/folder/copy.db"], "(No such file or directory); make its folder, or name another place"),
        (["restore"], "Missing argument"),
        (["restore", "none.db"], "none.db is not there"),
        (["restore", "two.yaml"], "not a database"),
        (["restore", "."], "is no file"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_status_2(line: CommandLine, arguments: list[str], says: str) -> None:
    """A script that makes backups must see that there is none."""
    result = line(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not parts(line.directory)


def test_a_folder_that_takes_no_file_is_named(line: CommandLine) -> None:
    """Another user's disk, or one that is mounted read-only."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (line.directory / "closed").mkdir(mode=0o500)
    result = line("backup", "closed/copy.db")
    assert result.returncode == 2
    assert "Permission denied" in result.stderr


def test_on_a_full_disk_there_is_no_backup_and_nothing_half(line: CommandLine) -> None:
    """Nor is the queue touched by a restore that finds no room."""
    disk = line.directory / "disk"
    disk.mkdir()
    with small_disk(disk):
        fill(disk)
        result = line("backup", "disk/copy.db")
        assert result.returncode == 2
        assert "cannot write" in result.stderr
        assert [path.name for path in disk.iterdir()] == ["ballast"]
    assert len(line.jobs("queued")) == 2


def test_of_two_restores_at_once_each_is_whole_or_refused(line: CommandLine) -> None:
    """Whatever their order, the queue is one of the two, and what was there is kept."""
    line("backup", "copy.db")
    both = [line.start("restore", "copy.db") for _ in range(2)]
    statuses = sorted(process.wait(90) for process in both)
    assert statuses in ([0, 0], [0, 2])
    assert line.states() == ["queued", "queued"]
    assert len(list(line.home.glob("queue.db.before-restore-*"))) == statuses.count(0)


@pytest.mark.parametrize(
    ("words", "moment"),
    [("backup new.db", "copy-made"), ("restore copy.db", "new-queue-made"), ("restore copy.db", "old-queue-named")],
)
@pytest.mark.parametrize("how", ["killed", "interrupted"])
def test_who_is_stopped_at_a_bad_moment_leaves_the_queue_and_a_way_on(line: CommandLine, until, words, moment, how) -> None:
    """There is one queue with all its jobs, no backup that is none, and nothing that misleads the next."""
    line("backup", "copy.db")
    stopped = replace(line, environment={**line.environment, "EXP_QUEUE_FAILPOINT": f"{moment}:stop"}, started=line.started)
    process = stopped.start(*words.split())
    until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    process.send_signal(signal.SIGKILL if how == "killed" else signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    assert process.wait(90) == (-signal.SIGKILL if how == "killed" else 130)
    assert line.states() == ["queued", "queued"]
    assert not (line.directory / "new.db").exists()
    if how == "interrupted":
        assert not [*parts(line.directory), *line.home.glob("*restor*")]
    assert line("backup", "new.db").returncode == 0
    assert line("restore", "new.db").returncode == 0
    assert len(list(line.home.glob("queue.db.before-restore-*"))) == 1
    assert not (line.home / "queue.db.restoring").exists()
