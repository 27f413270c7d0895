"""What a bench that is a command of its own leaves: no files, no processes, and no figure that it has not measured."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import in_a_terminal, warm_start
from benchmarks.harness import checkouts
from benchmarks.long_queue import processes_of
from tests.conftest import ROOT


def test_a_command_leaves_no_files_behind(tmp_path: Path) -> None:
    """A queue of 100,000 jobs stayed in /tmp after each round."""
    place = tmp_path / "temporary"
    place.mkdir()
    line = [sys.executable, "benchmarks/promises.py", "--jobs", "2", "--rounds", "1"]
    done = subprocess.run(line, cwd=ROOT, env={**os.environ, "TMPDIR": str(place)}, capture_output=True, text=True, check=True)
    assert "2 x `true`" in done.stdout
    assert list(place.iterdir()) == []


def test_what_never_comes_to_the_screen_is_no_figure(tmp_path: Path) -> None:
    """The patience of the bench stood in the table as what it takes."""
    environment = {**os.environ, "EXP_QUEUE_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    view = in_a_terminal.View(environment, "watch")
    try:
        with pytest.raises(RuntimeError, match=r"x=20 was not on the screen within 0\.2 s"):
            view.read(0.2, b"x=20")
    finally:
        view.close()


def test_a_server_ends_also_where_nobody_can_ask_it(tmp_path: Path) -> None:
    """It lived on after the bench had ended with an error."""
    (tmp_path / "wandb.py").write_text("raise SystemExit('no such sweep')\n")
    (tmp_path / "sweep.yaml").write_text("")
    environment = checkouts.environment(tmp_path, EXP_QUEUE_LOCK_DIR=str(tmp_path / "locks"))
    with pytest.raises(subprocess.CalledProcessError):
        warm_start.agents(tmp_path, environment, trials=1, slots=1)
    assert processes_of(tmp_path / "home") == 0
