"""The benchmark of searching: on a table that is made up, without the packages that it compares with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytest.importorskip("optuna", reason="the benchmark compares with Optuna")

# Nine points, each trained twice; the best is (large, 2), and the median one lies 4 above it.
TABLE = {
    "space": {"size": ["small", "medium", "large"], "layers": [1, 2, 3]},
    "goal": "minimize",
    "values": [[value - 0.1, value + 0.1] for value in (9, 8, 7, 6, 5, 4, 3, 1, 2)],
    "seconds": [[1.0, 2.0]] * 9,
}


def benchmark(folder: Path) -> str:
    (folder / "tables").mkdir(exist_ok=True)
    (folder / "tables/made-up.json").write_text(json.dumps(TABLE))
    command = [sys.executable, ROOT / "benchmarks/search_quality.py", "--quick", "--jobs", "1"]
    command += ["--tables", folder / "tables", "--cache", folder]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr
    return found.stdout


def cells(report: str, first: str) -> list[str]:
    """The last row of the report that begins so."""
    row = [line for line in report.splitlines() if line.startswith(f"| {first} |")][-1]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_benchmark_of_searching_runs_and_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    """Nobody runs it for months; it must not be found broken then, nor repeat the hours that it has had."""
    report = benchmark(tmp_path)
    assert [cell.split()[0] for cell in cells(report, "made-up")[1:]] == ["0.000"] * 3  # 20 trials of 9 points find the best
    log = tmp_path / "runs.jsonl"
    runs = log.read_text().splitlines()
    assert [json.loads(run)["method"] for run in runs].count("ours") == 2
    log.write_text("\n".join(runs[:4]) + "\n")
    assert benchmark(tmp_path) == report
    assert log.read_text().splitlines()[:4] == runs[:4]
    assert sorted(log.read_text().splitlines()) == sorted(runs)


def test_a_regret_is_that_of_the_point_whose_result_was_best(tmp_path: Path) -> None:
    """By the mean of its trainings, and not by the one that was lucky: 0 is the best point of the table, 1 the median one."""
    benchmark(tmp_path)
    known = {0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0}
    for run in map(json.loads, (tmp_path / "runs.jsonl").read_text().splitlines()):
        assert set(run["curve"]) <= known
        assert run["curve"] == sorted(run["curve"], reverse=True)  # the trainings of a point are closer than two points
        assert run["again"] >= 20 - 9
