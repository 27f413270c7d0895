"""A sweep file with method grid, as a user types it."""

from __future__ import annotations

import pytest

from scheduler.sweeps import read_file
from tests.conftest import ROOT

GRID = """
method: grid
program: train.py
command: [python, "${program}", "${args}"]
parameters:
  lr: {values: [0.1, 0.2]}
  depth: {min: 1, max: 2}
early_terminate: {type: hyperband, min_iter: 2}
"""


def test_prepare_prints_a_line_for_each_point(command_line):
    """`exp-queue prepare sweep.yaml | parallel`, with no account and no server."""
    command_line.write("sweep.yaml", GRID)
    result = command_line("prepare", "sweep.yaml", "lr=0.5")
    assert result.stdout.splitlines() == ["python train.py --depth=1 --lr=0.5", "python train.py --depth=2 --lr=0.5"]
    assert result.stderr == (
        "exp-queue: warning: sweep.yaml: early_terminate is not followed here: every experiment runs to its end; "
        "`exp-queue sweep` follows it\n"
    )


def test_run_runs_every_point_once(command_line):
    """The points become jobs like any others; a second run has nothing left to do."""
    command_line.write("sweep.yaml", GRID)
    command_line.write("train.py", "import sys; open('ledger', 'a').write(' '.join(sys.argv[1:]) + '\\n')")
    result = command_line("run", "sweep.yaml", "-j2")
    assert result.returncode == 0, result.stderr
    assert command_line("run", "sweep.yaml", "-j2").returncode == 0
    ledger = sorted((command_line.directory / "ledger").read_text().splitlines())
    assert ledger == [f"--depth={depth} --lr={lr}" for depth in (1, 2) for lr in (0.1, 0.2)]


GRIDS = [path for path in sorted((ROOT / "sweeps").glob("*.yaml")) if "method: grid" in path.read_text()]


@pytest.mark.parametrize("path", GRIDS, ids=lambda path: path.name)
def test_every_grid_that_is_shipped_can_be_read(path):
    """Files that users run are parsed by a test."""
    assert list(read_file(str(path)).experiments())
