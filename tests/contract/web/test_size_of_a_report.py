"""A report is small enough for a mail."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.queue.store import Store
from scheduler.web import report
from tests.contract.actions.ended import ended

GRID = """
command: [python, train.py, "${{args_json}}"]
policy: {{objective: {{metric: val_loss, goal: minimize}}}}
grid: {{seed: [{seeds}], lr: [0.1, 0.03, 0.01, 0.003, 0.001]}}
"""


def training(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """500 rows of four metrics with as much noise as real ones have: it is what cannot be made small."""
    drawn = random.Random(f"{config}")  # noqa: S311
    floor, pace = drawn.random() / 2, 10 + 30 * drawn.random()
    rows = []
    for step in range(500):
        loss = floor + 2 * math.exp(-step / pace) * (1 + drawn.random() / 10)
        values = {
            "loss": loss,
            "val_loss": loss * 1.1 + drawn.random() / 20,
            "val_acc": 1 - loss / 3,
            "rate": math.cos(step / 400),
        }
        rows.append({"_step": step, "_time": 1700000000.0 + step + drawn.random(), **values})
    return rows


@pytest.mark.parametrize(("runs", "most"), [(100, 1.0), pytest.param(1000, 5.0, marks=pytest.mark.slow)])
def test_many_runs_are_a_file_that_can_be_sent(store: Store, experiments, tmp_path: Path, runs: int, most: float) -> None:
    """A hundred runs are less than a megabyte and a thousand less than five, in one file with all that draws them."""
    ended(store, experiments(GRID.format(seeds=", ".join(map(str, range(runs // 5))))), str(tmp_path), training)
    written = report.write(store, (), tmp_path / "report.html")
    assert written.runs == runs
    assert written.size < most * 1e6
