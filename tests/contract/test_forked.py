"""What the tests fork instead of starting it is the same command: the same words, in the same place, with the same end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import COMMAND, CommandLine, user_environment
from tests.forked import Forks, forks_for


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    made = Forks(user_environment())
    yield made
    assert made.close() == 0  # and with it ends what waits to be forked


@pytest.mark.parametrize("words", ["--help", "status --format json", "check größer.yaml", "nonsense", "show 7", "run a.yaml"])
def test_a_forked_command_says_and_returns_what_a_started_one_does(
    forks: Forks, command_line: CommandLine, tmp_path: Path, words: str
) -> None:
    """Whoever reads a test must be able to believe that it has seen the command of a user."""
    command_line.write("a.yaml", "command: [sh, -c, 'exit 3']\ngrid: {x: [1, 2]}\n")
    asked = words.split()
    forked = forks(asked, command_line.directory, {**command_line.environment, "EXP_QUEUE_HOME": str(tmp_path / "one")}, 100)
    environment = {**command_line.environment, "EXP_QUEUE_HOME": str(tmp_path / "two")}
    started = subprocess.run(
        [*COMMAND, *asked], cwd=command_line.directory, env=environment, capture_output=True, text=True, timeout=100
    )
    assert forked.returncode == started.returncode
    assert len(forked.stdout.splitlines()) == len(started.stdout.splitlines())
    if words != "run a.yaml":  # which has times and names of its own
        assert (forked.stdout, forked.stderr) == (started.stdout, started.stderr)


def test_a_forked_command_that_takes_too_long_is_killed(forks: Forks, command_line: CommandLine) -> None:
    """What hangs must fail its own test, and not hold a GPU or a lock in the next one."""
    os.mkfifo(command_line.directory / "nobody_writes.yaml")
    with pytest.raises(subprocess.TimeoutExpired):
        forks(["check", "nobody_writes.yaml"], command_line.directory, command_line.environment, timeout=1)
    with pytest.raises(OSError, match="No such device or address"):  # nobody reads any more
        os.open(command_line.directory / "nobody_writes.yaml", os.O_WRONLY | os.O_NONBLOCK)


def test_what_one_command_has_imported_the_next_finds(command_line: CommandLine) -> None:
    """Without it each would import itself again; with all imported ahead, most environments would pay for ten commands."""
    forks = Forks(user_environment(PYTHONPROFILEIMPORTTIME="1"))
    first, second = (forks(["status"], command_line.directory, command_line.environment, 100) for _ in range(2))
    forks.close()
    assert (first.returncode, second.returncode) == (0, 0)
    assert "scheduler.queue.store" in first.stderr
    assert "scheduler." not in second.stderr


def test_what_is_read_at_the_start_of_a_process_is_read_by_each_of_them() -> None:
    """The encoding of Python and the folders of libraries cannot be changed later: such a command is started, not forked."""
    once = {"PYTHONHASHSEED": "4711", "HOME": "/a"}
    assert forks_for(once) is None
    assert forks_for({**once, "PYTHONHASHSEED": "4712"}) is None
