"""The benchmark of early stopping: on a few curves that are made up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytest.importorskip("optuna", reason="the benchmark compares with Optuna's pruners")


def rows_of(tmp_path: Path, curves: list[list[float]]) -> dict[str, list[str]]:
    """The cells of the report by rule."""
    path = tmp_path / "curves.json"
    path.write_text(json.dumps(curves))
    command = [sys.executable, ROOT / "benchmarks/stopping_quality.py", "--quick", "--curves", path]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found.stdout.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def test_the_benchmark_of_stopping_says_what_a_rule_saves_and_what_it_costs(tmp_path: Path) -> None:
    """Without a rule every row is computed and the best is found; where the late ones win, whoever stops early loses them."""
    early = [[level / 20] * 27 for level in range(1, 12)]
    found = rows_of(tmp_path, [*early, [0.0] * 20 + [1.0] * 7])
    assert found["none"][:2] == ["0%", "100%"]
    assert found["none"][-1].startswith("0.00")
    stopped, computed = (int(cell.rstrip("%")) for cell in found["wandb"][:2])
    assert stopped > 0
    assert computed < 100
    assert found["iepoch, min_iter 1"][-1].startswith("45.00")  # the best of the early ones is at 0.55


def test_the_benchmark_of_stopping_replays_the_same_each_time(tmp_path: Path) -> None:
    """Two rules are compared on the same orders, and a figure in the documentation is the figure of whoever repeats it."""
    curves = [[min(1.0, level * row / 200) for row in range(1, 28)] for level in range(1, 9)]
    assert rows_of(tmp_path, curves) == rows_of(tmp_path, curves)
