"""No room on a disk, here or on a host, while jobs run there: nothing is lost or runs twice, it is said once, and all goes on by
itself when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import ssh_hosts
from tests.conftest import CommandLine
from tests.endtoend.elsewhere import grid
from tests.endtoend.ssh.conftest import of_logins
from tests.endtoend.ssh.test_full_hosts import NOTED, said
from tests.small_disk import fill, make_room, small_disk
from tests.ssh_hosts import Hosts
from tests.waiting import until


@contextmanager
def disk(place: Path) -> Iterator[None]:
    """A small one, which is empty."""
    place.mkdir(parents=True, exist_ok=True)
    with small_disk(place, "4m"):
        yield


def model(line: CommandLine, number: int) -> bytes:
    return (line.home / "attempts" / line.jobs()[number]["id"] / "1" / "model.bin").read_bytes()


def began(line: CommandLine, n: int) -> str:
    return (line.directory / f"{n}.began").read_text()


def test_files_that_find_no_room_here_come_when_there_is_some(line: CommandLine, hosts: Hosts) -> None:
    """The job is over there, and its model is too large for what is left here. Whoever hears that it is done has the model."""
    with disk(line.home / "attempts"):
        running = line.start("run", grid(line, "[0]", ", stay: [true]"), "--on", "ssh:ada", "--plain", through=NOTED)
        until(lambda: line.states() == ["running"] and (line.directory / "0.json").exists())
        fill(line.home / "attempts")
        (line.directory / "go").touch()
        until(lambda: said(line, "No space left on device"))
        assert line.states() == ["running"]
        make_room(line.home / "attempts")
        assert running.wait(100) == 0
        assert (line.states(), model(line, 0), began(line, 0)) == (["done"], bytes(100_000), "x")
        assert said(line, "No space left on device") == 1


def test_a_queue_here_that_cannot_be_written_takes_in_the_ends_later(line: CommandLine, hosts: Hosts) -> None:
    """All of the state directory is on the full disk, as it usually is. The second job starts when that can be written down."""
    with disk(line.home):
        file = grid(line, "[0, 1]", ", stay: [true]")
        running = line.start("run", file, "--on", "ssh:ada", "-j1", "--plain", through=NOTED)
        until(lambda: line.states()[:1] == ["running"] and (line.directory / "0.json").exists())
        fill(line.home)
        (line.directory / "go").touch()
        until(lambda: said(line, "full") or said(line, "No space left"))
        make_room(line.home)
        assert running.wait(100) == 0
        assert (line.states(), [began(line, n) for n in (0, 1)]) == (["done"] * 2, ["x"] * 2)
        assert [model(line, n) for n in (0, 1)] == [bytes([n]) * 100_000 for n in (0, 1)]


def test_a_host_whose_disk_is_full_ends_and_starts_jobs_when_there_is_room(line: CommandLine, hosts: Hosts) -> None:
    """Its state directory can take neither the end of what runs nor the next job. It was called anew every two seconds."""
    with disk(hosts["ada"].home):
        file = grid(line, "[0, 1]", ", stay: [true]")
        running = line.start("run", file, "--on", "ssh:ada", "-j1", "--plain", through=NOTED)
        until(lambda: line.states()[:1] == ["running"] and (line.directory / "0.json").exists())
        fill(hosts["ada"].home)
        (line.directory / "go").touch()
        until(lambda: said(line, "ada: the queue "))
        make_room(hosts["ada"].home)
        assert running.wait(100) == 0
        assert (line.states(), [began(line, n) for n in (0, 1)]) == (["done"] * 2, ["x"] * 2)
        assert said(line, "does not answer") == 0


def test_a_host_that_is_full_when_the_run_begins_is_named(line: CommandLine, hosts: Hosts) -> None:
    """Alone, it is a reason not to begin; what is wrong there is said in a line."""
    with disk(hosts["ada"].home):
        fill(hosts["ada"].home)
        file = grid(line, "[0, 1]")
        alone = line("run", file, "--on", "ssh:ada")
        assert (alone.returncode, "ada" in alone.stderr) == (2, True), alone.stderr
        assert "No space left on device" in alone.stderr or "full" in alone.stderr
        assert "Traceback" not in alone.stderr


def test_a_host_whose_tmp_is_full_runs_jobs_all_the_same(command_line: CommandLine, tmp_path: Path) -> None:
    """Nothing of ours goes there."""
    if why := ssh_hosts.missing():
        pytest.skip(why)
    with disk(tmp_path / "tmp"):
        fill(tmp_path / "tmp")
        variables = {"ada": {**of_logins(tmp_path)["ada"], "TMPDIR": str(tmp_path / "tmp")}}
        with ssh_hosts.started(tmp_path / "net", variables) as hosts:
            command_line.environment.update(hosts.environment)
            command_line.write("job.py", "import os, sys; print(os.environ['TMPDIR'])")
            done = command_line("run", grid(command_line, "[0]"), "--on", "ssh:ada")
            assert done.returncode == 0, done.stderr
            assert str(tmp_path / "tmp") in command_line("logs", command_line.jobs()[0]["id"]).stdout
