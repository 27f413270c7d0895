"""What `show` tells of where a run comes from."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import CommandLine
from tests.git_checkouts import checkout, git

FILE = "command: [python, train.py, '${args}']\ngrid: {seed: [1, 2]}\n"


@pytest.fixture
def line(command_line: CommandLine) -> CommandLine:
    """A command line in a checkout, with an edit that was not committed."""
    checkout(command_line.directory, train="print('one')\n")
    command_line.write("train.py", "print('two')\n")
    command_line.write("g.yaml", FILE)
    return command_line


def test_a_run_tells_its_commit_its_patch_its_python_and_its_machine(line: CommandLine) -> None:
    """A number in a table, weeks later. The checkout has gone on meanwhile, and none of it comes from there."""
    commit = git(line.directory, "rev-parse", "HEAD").strip()
    assert line("run", "g.yaml", "-j1").returncode == 0
    shutil.rmtree(line.directory / ".git")
    shown = line("show", "last").stdout
    assert f"{commit[:12]} on main, and what was not committed: --patch prints it; 1 untracked file: g.yaml" in shown
    (found,) = json.loads(line("show", "last", "--format", "json").stdout)
    origin = found["attempts"][0]["origin"]
    assert (origin["checkout"]["commit"], origin["checkout"]["dirty"], found["seeds"]) == (commit, True, {"seed": 2})
    assert origin["interpreter"]["path"].rpartition("/")[2].startswith("python")
    assert origin["host"]
    assert "+print('two')" in line("show", "last", "--patch").stdout
    assert line("show", "last", "--packages").stdout.splitlines() == origin["interpreter"]["packages"]


def test_no_variable_of_the_environment_is_kept(line: CommandLine) -> None:
    """A token stands in it; a queue is backed up, and sent to whoever asks what is wrong with it."""
    line.environment["WANDB_API_KEY"] = "0123456789secret"
    line.write(".env", "TOKEN=0123456789secret\n")
    line.write("keys.json", '{"token": "0123456789secret"}\n')
    assert line("run", "g.yaml", "-j1").returncode == 0
    for path in line.home.glob("queue.db*"):
        assert b"0123456789secret" not in path.read_bytes()
    assert "0123456789secret" not in line("show", "last", "--patch").stdout


@pytest.mark.parametrize(
    ("word", "says"),
    [("--patch", "ran outside of any git checkout"), ("--packages", "no Python is known of job")],
)
def test_what_is_not_known_is_said(command_line: CommandLine, word: str, says: str) -> None:
    """An empty patch would mean that there was none."""
    command_line.write("true.yaml", "command: ['true', '${args}']\ngrid: {x: [1]}\n")
    command_line("submit", "true.yaml")
    waiting = command_line("show", "last", word)
    assert (waiting.returncode, "has not run yet" in waiting.stderr) == (2, True)
    command_line("run", "true.yaml")
    told = command_line("show", "last", word)
    assert (told.returncode, says in told.stderr) == (2, True), told.stderr
