"""`--sync`: the code is brought to hosts that have a disk of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.linux.processes import usable_cores
from tests.conftest import CommandLine
from tests.endtoend.ssh.test_full_hosts import NOTED, said
from tests.git_checkouts import checkout, git
from tests.ssh_hosts import Hosts
from tests.waiting import until

BOTH = ("--on", "ssh:ada,babbage", "--sync")
ADA = ("--on", "ssh:ada", "--sync")
ODD = "a b\nc 'd' \u00fc $x.txt"
PROGRAM = """
import os, sys, time
from pathlib import Path
from part import name
with open(sys.argv[1] + ".began", "w") as file:
    file.write(name)
print("data:", Path("data").read_text() if Path("data").exists() else None, flush=True)
while os.path.exists("stay"):
    time.sleep(0.05)
"""


@pytest.fixture
def line(apart: Hosts, command_line: CommandLine) -> CommandLine:
    """In a checkout of which the hosts have nothing: train.py, which writes what part.py says into 0.began, 1.began ..."""
    folder = command_line.directory / "my project"
    checkout(folder, train=PROGRAM, part="name = 'one'\n")
    (folder / ".gitignore").write_text("data\nstay\nsaid.txt\n*.began\n__pycache__\n")
    (folder / ODD).write_text("odd")
    (folder / "run.sh").write_text("exit\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "out").symlink_to("/nowhere/at/all")
    found = replace(command_line, directory=folder)
    found.write("grid.yaml", "command: [python, train.py, '${n}']\ngrid: {n: [0, 1, 2, 3]}\n")
    found.write("one.yaml", "command: [python, train.py, '${n}']\ngrid: {n: [0]}\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "second")
    return found


def at(hosts: Hosts, name: str) -> Path:
    return hosts[name].work / "my project"


def test_the_code_is_where_a_job_looks_for_it_and_so_is_the_data_beside_it(line: CommandLine, apart: Hosts) -> None:
    """The first time everything comes, later what has changed; and what the host has of its own stays."""
    done = line("run", "grid.yaml", *BOTH)
    assert done.returncode == 0, done.stderr
    assert "ada: 8 files brought, 0 deleted" in done.stderr
    began = [path for name in ("ada", "babbage") for path in at(apart, name).glob("*.began")]
    assert sorted(path.name for path in began) == [f"{n}.began" for n in range(4)]
    assert {path.read_text() for path in began} == {"one"}
    ada = at(apart, "ada")
    assert (ada / ODD).read_text() == "odd"
    assert ((ada / "out").readlink(), (ada / "run.sh").stat().st_mode & 0o100) == (Path("/nowhere/at/all"), 0o100)
    (ada / "data").write_text("of ada")
    (line.directory / "part.py").write_text("name = 'two'\n")
    (line.directory / ODD).unlink()
    done = line("run", "one.yaml", "--again", *ADA)
    assert done.returncode == 0, done.stderr
    assert "ada: 1 files brought, 1 deleted" in done.stderr
    assert "data: of ada" in line("logs", line.jobs()[-1]["id"]).stdout
    assert ((ada / "0.began").read_text(), (ada / ODD).exists()) == ("two", False)
    assert "name = 'two'" in line("show", line.jobs()[-1]["id"], "--patch").stdout


def test_other_code_there_is_refused_whether_of_yesterday_or_of_somebody(line: CommandLine, apart: Hosts) -> None:
    """A result of other code must not pass for one of this. Nothing is queued, nothing there is lost, the way on is told."""
    assert line("run", "one.yaml", *ADA).returncode == 0
    (line.directory / "part.py").write_text("name = 'two'\n")
    done = line("run", "one.yaml", "--again", "--on", "ssh:ada")
    assert (done.returncode, "that of here is another: add `--sync`" in done.stderr) == (2, True), done.stderr
    (at(apart, "ada") / "part.py").write_text("name = 'hers'\n")
    done = line("run", "one.yaml", "--again", *ADA)
    assert (done.returncode, "others than `--sync` have written or removed part.py" in done.stderr) == (2, True), done.stderr
    assert (at(apart, "ada") / "part.py").read_text() == "name = 'hers'\n"
    assert len(line.jobs()) == 1


@pytest.mark.slow
def test_while_a_job_runs_there_its_code_is_not_changed(line: CommandLine, apart: Hosts) -> None:
    """It may import tomorrow what it has not imported yet. It is said which job that is."""
    assert line("run", "one.yaml", *ADA).returncode == 0
    (at(apart, "ada") / "stay").touch()
    running = line.start("run", "one.yaml", "--again", *ADA, "--plain")
    until(lambda: line.jobs()[-1]["state"] == "running")
    (line.directory / "part.py").write_text("name = 'two'\n")
    beside = line("run", "grid.yaml", *ADA)
    assert (beside.returncode, "another run uses its" in beside.stderr) == (2, True), beside.stderr
    running.kill()
    running.wait()
    job = line.jobs()[-1]["id"]
    refused = until(lambda: "jobs run in it" in (done := line("run", "grid.yaml", *ADA)).stderr and done)
    assert (refused.returncode, job[:8] in refused.stderr) == (2, True), refused.stderr
    (at(apart, "ada") / "stay").unlink()
    done = until(lambda: "jobs run in it" not in (tried := line("run", "grid.yaml", *ADA)).stderr and tried)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_host_that_is_away_is_brought_nothing_and_the_others_work(line: CommandLine, apart: Hosts) -> None:
    """A machine that is off today is no reason to compute nothing."""
    apart["babbage"].stop()
    done = line("run", "one.yaml", *BOTH)
    assert done.returncode == 0, done.stderr
    assert "babbage does not answer, and was brought no code" in done.stderr


def full_ada(line: CommandLine, apart: Hosts) -> subprocess.Popen[str]:
    """A run with one job more than ada takes, all of which stay until there is no file `stay` there; babbage is away."""
    assert line("run", "one.yaml", *ADA).returncode == 0
    (at(apart, "ada") / "stay").touch()
    apart["babbage"].stop()
    slots = max(1, usable_cores() // 2)
    line.write("full.yaml", f"command: [python, train.py, '${{n}}']\ngrid: {{n: {list(range(100, 101 + slots))}}}\n")
    running = line.start("run", "full.yaml", *BOTH, "--plain", through=NOTED)
    until(lambda: [job["state"] for job in line.jobs()].count("running") == slots)
    return running


def test_a_host_that_comes_back_is_brought_the_code_before_its_first_job(line: CommandLine, apart: Hosts) -> None:
    """It was off when the run began, and had nothing to do until somebody typed `--sync` once more."""
    (line.directory / "run.log").write_text("begun")
    running = full_ada(line, apart)
    (line.directory / "run.log").write_text("what is no code may become another meanwhile")
    apart["babbage"].start()
    (began,) = until(lambda: list(at(apart, "babbage").glob("*.began")))
    (at(apart, "ada") / "stay").unlink()
    assert running.wait(100) == 0
    assert began.read_text() == "one"
    assert [said(line, text) for text in ("babbage does not answer, and was brought no code", "babbage answers again")] == [1, 1]


def test_a_host_that_comes_back_when_the_code_is_another_starts_nothing(line: CommandLine, apart: Hosts) -> None:
    """The jobs of one run compute with one code; and why a host does nothing is told, though it has no job to tell it with."""
    running = full_ada(line, apart)
    (line.directory / "part.py").write_text("name = 'two'\n")
    apart["babbage"].start()
    until(lambda: said(line, "babbage answers again, but starts nothing: the code of "))
    (at(apart, "ada") / "stay").unlink()
    assert running.wait(100) == 0
    assert not at(apart, "babbage").exists()


def test_without_rsync_it_is_said_what_to_install_and_where(line: CommandLine, apart: Hosts, tmp_path: Path) -> None:
    """It is in few minimal systems."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("ssh", "git"):
        (programs / name).symlink_to(shutil.which(name) or name)
    line.environment["PATH"] = str(programs)
    done = line("run", "one.yaml", *ADA)
    assert (done.returncode, "no rsync on this machine; install it" in done.stderr) == (2, True), done.stderr
    assert not at(apart, "ada").exists()


SLOW_RSYNC = """#!/bin/sh
echo x >> {folder}/began
while [ ! -e {folder}/go ]; do sleep 0.05; done
exec {rsync} "$@"
"""


@pytest.fixture
def slow(apart: Hosts, tmp_path: Path) -> Path:
    """The rsync of ada waits for a file `go` in this folder, and writes a line into `began`."""
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "rsync").write_text(SLOW_RSYNC.format(folder=folder, rsync=shutil.which("rsync")))
    (folder / "rsync").chmod(0o755)
    there = apart["ada"].folder / "sshd_config"
    there.write_text(there.read_text().replace("SetEnv ", f'SetEnv "PATH={folder}:{os.environ["PATH"]}" '))
    apart["ada"].stop()
    apart["ada"].start()
    return folder


def began(slow: Path) -> int:
    """How often an rsync was begun there."""
    return (slow / "began").read_text().count("x") if (slow / "began").exists() else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_sync_that_is_cut_while_files_come_has_placed_nothing(
    line: CommandLine, apart: Hosts, slow: Path, number: signal.Signals
) -> None:
    """A person has seen the wrong files go, or closed the lid. What an rsync that lives on still brings does not get into the way
    of the next, which brings other files."""
    cut = line.start("run", "one.yaml", *ADA, "--plain")
    until(lambda: began(slow) == 1)
    cut.send_signal(number)
    said = cut.communicate(timeout=100)[1]
    assert cut.returncode == (130 if number == signal.SIGINT else -number), said
    assert "Traceback" not in said
    assert not at(apart, "ada").exists()
    (line.directory / "part.py").write_text("name = 'two'\n")
    again = line.start("run", "one.yaml", *ADA, "--plain")
    until(lambda: began(slow) == 2)
    (slow / "go").touch()
    said = again.communicate(timeout=100)[1]
    assert again.returncode == 0, said
    assert (at(apart, "ada") / "0.began").read_text() == "two"
    assert [job["state"] for job in line.jobs()] == ["done"], "what was cut has queued nothing"
    left = list(apart["ada"].home.glob("synced/*/incoming*"))
    assert len(left) <= (number == signal.SIGKILL), "an rsync that lives on makes its folder anew; the next sync removes it"
