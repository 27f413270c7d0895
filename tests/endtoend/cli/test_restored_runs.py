"""A run comes back into a folder of its own, as it is typed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COMMAND, CommandLine
from tests.git_checkouts import checkout, git

TRAIN = """
import json, os, pathlib, sys, time
from model import SIZE
place = pathlib.Path(os.environ["EXP_QUEUE_RUN_DIR"])
for number, name in enumerate(["epoch-1.pt", "best.pt", "epoch-2.pt"]):
    (place / name).write_text(name)
(place / "samples").mkdir()
for number, name in enumerate(["b.ckpt", "a.ckpt"]):
    (place / "samples" / name).write_text(name)
    os.utime(place / "samples" / name, (number, number))
print("size", SIZE, *sys.argv[1:])
"""
FILE = "experiment_group: Nets\ncommand: [python, train.py, '${args}']\ngrid: {lr: [0.1]}\n"


@pytest.fixture
def line(command_line: CommandLine) -> CommandLine:
    """A command line in a checkout; one run, of code that was not committed, is over."""
    checkout(command_line.directory, train=TRAIN, model="SIZE = 1\n")
    command_line.write("model.py", "SIZE = 2\n")
    command_line.write("g.yaml", FILE + "policy: {timeout: 1h, objective: {metric: loss, goal: minimize}}\n")
    assert command_line("run", "g.yaml", "-j1", "--note", "a ${look} at it").returncode == 0
    return command_line


def restored(line: CommandLine, *words: str, status: int = 0) -> dict[str, Any]:
    done = line("restore", "last", *words, "--format", "json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)[0]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_run_comes_back_and_runs_again_as_it_was(line: CommandLine) -> None:
    """The checkout has gone on meanwhile, and stays as it is; the new folder is all that is needed."""
    line.write("model.py", "SIZE = 3\n")
    git(line.directory, "commit", "-q", "-a", "-m", "second")
    line.write("model.py", "SIZE = 4\n")
    before = git(line.directory, "status", "--porcelain")
    found = restored(line, "back")
    back = line.directory / "back"
    assert (found["missing"], found["file"], found["attempt"]) == ([], str(back / "experiment.yaml"), 1)
    assert files(back) >= {"train.py", "model.py", "attempt/log.txt", "attempt/best.pt", "attempt/samples/a.ckpt"}
    assert not {"attempt/epoch-1.pt", "attempt/epoch-2.pt", "attempt/samples/b.ckpt"} & files(back)
    shutil.rmtree(back / "attempt")
    again = subprocess.run([*COMMAND, "run", "experiment.yaml"], cwd=back, env=line.environment, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    _, job = line.jobs()
    assert (job["group"], job["config"], job["notes"]) == ("Nets", {"lr": 0.1}, "a ${look} at it")
    assert line("logs", job["id"]).stdout == "size 2 --lr=0.1\n"
    shutil.rmtree(back)
    assert git(line.directory, "status", "--porcelain") == before


def full(path: Path) -> None:
    path.mkdir()
    (path / "x").touch()


@pytest.mark.parametrize("made", [full, Path.touch, lambda path: path.symlink_to(".")])
def test_a_folder_with_something_in_it_is_left_alone(line: CommandLine, made: Any) -> None:
    """Somebody's work may lie there."""
    made(line.directory / "back")
    before = files(line.directory)
    done = line("restore", "last", "back")
    assert done.returncode == 2
    assert "back is there already, and not empty; nothing was touched; name a new folder" in done.stderr
    assert files(line.directory) == before


def test_an_empty_folder_is_filled(line: CommandLine) -> None:
    """`mkdir` first is what careful people do."""
    (line.directory / "back").mkdir()
    assert restored(line, "back")["missing"] == []


def test_what_a_rebase_has_taken_away_is_said_and_the_rest_is_given(line: CommandLine) -> None:
    """The checkpoint and the configuration are worth something without the code."""
    git(line.directory, "commit", "-q", "--amend", "-m", "other")
    git(line.directory, "reflog", "expire", "--expire=now", "--all")
    git(line.directory, "gc", "-q", "--prune=now")
    (missing,) = restored(line, "back", status=1)["missing"]
    assert missing.startswith("no code: commit ")
    assert missing.endswith("any more: rebased, and pruned")
    assert files(line.directory / "back") >= {"experiment.yaml", "attempt/best.pt"}


def test_without_a_checkout_what_can_be_given_is_given(command_line: CommandLine) -> None:
    """Not everybody uses git; and a job that waits has neither code nor files yet."""
    command_line.write("true.yaml", "command: ['true', '${args}']\ngrid: {x: [1]}\n")
    command_line("submit", "true.yaml")
    waiting = restored(command_line, "waiting", status=1)
    assert waiting["missing"] == ["no code: it is known when the job starts", "files: the job has not run"]
    command_line("run", "true.yaml")
    assert restored(command_line, "over", status=1)["missing"] == [f"no code: {command_line.directory} was in no git checkout"]
    assert files(command_line.directory / "over") >= {"experiment.yaml", "attempt/log.txt"}


def test_a_job_without_a_folder_is_no_backup(line: CommandLine) -> None:
    """One word more or less must not decide between a copy and another queue."""
    done = line("restore", "last")
    assert (done.returncode, "last is a job" in done.stderr, "`exp-queue restore last DIR`" in done.stderr) == (2, True, True)
    line("backup", "copy.db")
    done = line("restore", "copy.db", "back")
    assert (done.returncode, "copy.db is a backup of the queue, and no job" in done.stderr) == (2, True)
    assert not (line.directory / "back").exists()
