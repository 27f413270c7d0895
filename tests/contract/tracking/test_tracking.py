"""The tracking call and the metric log, as a training script and a reader use them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.tracking import init
from scheduler.tracking.metric_log import Objective, rows
from scheduler.tracking.outcomes import read
from tests.conftest import user_environment

SCRIPT = """
from scheduler import tracking
tracker = tracking.init({"lr": 0.1}, objective=("cer", "minimize"))
tracker.log({"cer": 0.5, "loss": float("nan")}, step=1)
tracker.log({"cer": 0.25}, step=2)
tracker.predictions([{"target": "a", "prediction": "b"}], step=2)
tracker.finish({"test_cer": 0.3})
"""


def run_script(directory: Path, script: str = SCRIPT, **environment: str) -> str:
    """What it says on standard error."""
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=directory,
        env=user_environment(**environment),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    return result.stderr


def test_a_job_writes_where_its_runner_said(tmp_path: Path) -> None:
    """The last value of each metric, the objective, and NaN as it is."""
    run_script(tmp_path, EXP_QUEUE_METRICS=str(tmp_path / "run" / "metrics.jsonl"))
    outcome = read(tmp_path / "run" / "metrics.jsonl")
    assert outcome.objective == Objective("cer", "minimize")
    assert {k: v for k, v in outcome.last.items() if k != "loss"} == {"cer": 0.25, "test_cer": 0.3}
    assert math.isnan(outcome.last["loss"])
    assert (outcome.rows, outcome.objective_value) == (3, 0.25)
    (prediction,) = (tmp_path / "run" / "predictions.jsonl").read_text().splitlines()
    assert json.loads(prediction) == {"_step": 2, "target": "a", "prediction": "b"}


def test_with_nobody_listening_the_same_calls_write_nothing(tmp_path: Path) -> None:
    """A script must run alone as it runs in the queue."""
    run_script(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_of_its_own_is_used_without_a_runner(tmp_path: Path) -> None:
    """A lone run keeps its log too."""
    tracker = init({}, directory=tmp_path / "mine")
    tracker.log({"x": 1})
    tracker.finish()
    assert read(tmp_path / "mine" / "metrics.jsonl").last == {"x": 1}


def test_a_line_that_is_still_being_written_or_is_no_row_is_passed_over(tmp_path: Path) -> None:
    """A reader looks while a killed or a careless program writes."""
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"a": 1}\nnot json\n[1]\n\xff\n' + b"[" * 100_000 + b'\n{"_objective": {"name": "a", "goal": "up"}}\n{"a": 2'
    )
    assert list(rows(path)) == [{"a": 1}, {"_objective": {"name": "a", "goal": "up"}}]
    assert read(path).last == {"a": 1}
    assert read(tmp_path / "missing").last == {}


def test_what_is_no_number_or_text_is_refused_with_its_name(tmp_path: Path) -> None:
    """Better in the first epoch than as an unreadable log in the last."""
    with pytest.raises(TypeError, match='"weights" is a list'):
        init({}, directory=tmp_path).log({"weights": [1, 2]})


def test_one_row_is_one_write_so_readers_never_see_half_of_one(tmp_path: Path) -> None:
    """Rows of several processes of one job do not mix either."""
    script = SCRIPT.split("tracker.log")[0] + "\nfor step in range(200):\n    tracker.log({'x': 'y' * 1000}, step)\n"
    path = tmp_path / "metrics.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", script], env=user_environment(EXP_QUEUE_METRICS=str(path))) for _ in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert sum("x" in row for row in rows(path)) == 600


def test_wandb_gets_the_same_rows_offline_without_an_account(tmp_path: Path) -> None:
    """The real client, no network: the run lies beside the log, ready for `wandb sync`."""
    pytest.importorskip("wandb")
    script = SCRIPT.replace('"minimize")', '"minimize"), wandb=True').replace(
        "step=2)\ntracker.finish", "step=2)\ntracker.finish"
    )
    said = run_script(tmp_path, script, EXP_QUEUE_METRICS=str(tmp_path / "metrics.jsonl"), HOME=str(tmp_path))
    assert read(tmp_path / "metrics.jsonl").last["cer"] == 0.25
    (log,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    assert b"test_cer" in log.read_bytes()
    assert f"logged offline; to send it: wandb sync {log.parent}\n" in said, "W&B's own words about it are silenced"
