"""The examples of docs/guide/tracking.md, run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.tracking.media_log import media_of
from scheduler.tracking.metric_log import rows
from tests.conftest import ROOT, user_environment

GUIDE = (ROOT / "docs/guide/tracking.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.S)


@pytest.mark.parametrize("example", EXAMPLES, ids=["own", "wandb", "swanlab"])
def test_every_example_of_the_guide_runs_by_hand_and_keeps_what_it_logs(tmp_path: Path, example: str) -> None:
    """The first thing that people copy."""
    (tmp_path / "train.py").write_text(example)
    command = [sys.executable, "train.py"]
    subprocess.run(command, cwd=tmp_path, env=user_environment(), check=True, capture_output=True, timeout=100)
    (run,) = (tmp_path / "exp-queue-runs").iterdir()
    assert [row["loss"] for row in rows(run / "metrics.jsonl") if "loss" in row] == [0.1, 0.05, 0.1 / 3]
    kinds = {row["kind"] for row in media_of(run)}
    assert kinds == ({"histogram", "table", "file"} if "save" in example else set())


def test_every_call_that_the_guide_names_is_there() -> None:
    """A name that was changed is changed here as well."""
    from scheduler.tracking import Tracker

    named = re.findall(r"^\| `run\.(\w+)", GUIDE, re.M)
    assert len(named) > 8
    assert [name for name in named if not hasattr(Tracker([]), name)] == []
